"""Room hotline: where everything of one installation lies, made from the settings."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hotline.secrets import SecretBox
from hotline.settings import Settings
from store.database import Database
from store.node_journal import NodeJournal
from telephony.ami.link import AmiAddress
from telephony.asterisk.install import find_asterisk
from telephony.asterisk.node import AsteriskNode, NodeFolder
from telephony.asterisk.render import DeskPhone, PbxSettings
from telephony.carrying_out import Dialling


@dataclass(frozen=True)
class Installation:
    """The parts' common ground: folders, secrets, addresses."""

    settings: Settings

    @cached_property
    def secrets(self) -> SecretBox:
        return SecretBox(self.settings.data_dir / "secrets.json")

    @cached_property
    def folder(self) -> NodeFolder:
        program = find_asterisk(self.settings.rootfs)
        return NodeFolder(program, self.settings.data_dir / self.settings.node)

    @cached_property
    def asterisk(self) -> AsteriskNode:
        return AsteriskNode(self.folder)

    @property
    def pbx_settings(self) -> PbxSettings:
        s = self.settings
        return PbxSettings(
            node=s.node, sip_address=s.sip_address, sip_port=s.sip_port, rtp_first=s.rtp_first,
            rtp_last=s.rtp_last, ami_port=s.ami_port, ami_secret=self.secrets.get("ami"),
            hotline_number=s.number, trunk_host=s.trunk_host, trunk_port=s.trunk_port,
            phones=self.phones, ring_seconds=s.ring_seconds, queue_seconds=s.queue_seconds,
            message_seconds=s.message_seconds,
        )  # fmt: skip

    @property
    def phones(self) -> tuple[DeskPhone, ...]:
        return tuple(
            DeskPhone(number, self.secrets.get(f"phone-{number}"))
            for number in self.settings.phones
        )

    @cached_property
    def ami(self) -> AmiAddress:
        return AmiAddress(
            "127.0.0.1", self.settings.ami_port, "controller", self.secrets.get("ami")
        )

    @property
    def dialling(self) -> Dialling:
        allowed = tuple(re.compile(pattern) for pattern in self.settings.allowed_numbers)
        return Dialling(self.settings.number, allowed)

    @property
    def journal_path(self) -> Path:
        return self.settings.data_dir / f"journal-{self.settings.node}.sqlite"

    @property
    def nudge_path(self) -> Path:
        return self.settings.data_dir / "controller.sock"

    def open_journal(self) -> NodeJournal:
        """The node's journal; only the controller opens it."""
        self.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return NodeJournal(self.journal_path, self.settings.node)

    def open_database(self) -> Database:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Database(self.settings.database_url)
