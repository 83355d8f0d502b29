"""Room hotline: where everything of one installation lies, made from the settings.

Every command begins here, and most need neither database nor manager: what opens those is
imported where it is opened, as it takes longer to load than most commands take.
"""

from __future__ import annotations

import os
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hotline.probe import people as probe
from hotline.secrets import SecretBox
from hotline.settings import Settings
from telephony import dialplan
from telephony.asterisk.install import find_asterisk
from telephony.asterisk.node import AsteriskNode, NodeFolder
from telephony.asterisk.render import DeskPhone, PbxSettings
from telephony.phones.account import Account
from telephony.phones.book import Phone, PhoneBook
from telephony.trunks.trunk import Trunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hotline.health.reserve import Reserve, ReservedJournal
    from store.database import Database
    from telephony.ami.link import AmiAddress
    from telephony.carrying_out import Dialling

MEGABYTE = 1_000_000


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
            hotline_number=s.number, trunks=self.trunks, sip_tls_port=s.sip_tls_port,
            has_tls_ca=s.tls_ca is not None, phone_codecs=tuple(s.phone_codecs),
            phones=(*self.phones, *self.probe_phones),
            ring_seconds=s.ring_seconds, queue_seconds=s.queue_seconds,
            message_seconds=s.message_seconds, skills=tuple(s.skills),
            skill_seconds=s.skill_seconds, guide_seconds=s.guide_seconds,
            announce_seconds=s.announce_seconds, offer_seconds=s.offer_seconds,
            after_call_seconds=s.after_call_seconds, pause_reasons=tuple(s.pause_reasons),
            max_calls=s.max_calls, agi_port=s.agi_port, public_address=s.public_address,
            public_media_address=s.public_media_address or s.public_address,
            public_port=s.public_port, local_nets=tuple(s.local_nets),
            phone_keepalive_seconds=s.phone_keepalive_seconds,
            own_sounds=self.own_sounds,
        )  # fmt: skip

    @property
    def phones(self) -> tuple[DeskPhone, ...]:
        """Those of the settings, then those that were added by hand."""
        known = [Phone(number) for number in self.settings.phones]
        added = [p for p in self.phone_book.phones() if p.extension not in self.settings.phones]
        return tuple(
            DeskPhone(p.extension, self.secrets.get(f"phone-{p.extension}"), p.tls)
            for p in known + added
        )

    @property
    def probe_phones(self) -> tuple[DeskPhone, ...]:
        """The phones of the service's test calls to itself."""
        return tuple(
            DeskPhone(number, self.secrets.get(f"phone-{number}")) for number in probe.EXTENSIONS
        )

    @cached_property
    def phone_book(self) -> PhoneBook:
        return PhoneBook(self.settings.data_dir / "phones.json")

    def account(self, phone: DeskPhone, outside: bool = False) -> Account:
        """What is typed into this phone, or scanned by it; `outside`: beyond the router."""
        s = self.settings
        host = s.public_address if outside else s.sip_address
        port = s.sip_tls_port if phone.tls and s.sip_tls_port else s.sip_port
        if outside and s.public_port:
            port = s.public_port
        return Account(phone.extension, phone.secret, host, port, phone.tls)

    @cached_property
    def trunks(self) -> tuple[Trunk, ...]:
        """In the order in which they are dialled."""
        s = self.settings
        if not s.trunks:
            return (Trunk(dialplan.TRUNK, s.trunk_host, s.trunk_port),)
        ordered = sorted(s.trunks, key=lambda trunk: trunk.order)
        return tuple(trunk.trunk(self.trunk_password(trunk.name)) for trunk in ordered)

    def trunk_password(self, name: str) -> str:
        """`HOTLINE_TRUNK_PASSWORD_<NAME>`, or what `hotline trunk password NAME` stored."""
        variable = os.environ.get(f"HOTLINE_TRUNK_PASSWORD_{name.upper()}")
        return variable or self.secrets.known(f"trunk-{name}") or ""

    @cached_property
    def ami(self) -> AmiAddress:
        from telephony.ami.link import AmiAddress

        return AmiAddress(
            "127.0.0.1", self.settings.ami_port, "controller", self.secrets.get("ami")
        )

    @property
    def dialling(self) -> Dialling:
        from telephony.carrying_out import Dialling

        allowed = tuple(re.compile(pattern) for pattern in self.settings.allowed_numbers)
        return Dialling(self.settings.number, (*allowed, probe.ALLOWED), self.trunks, probe.INSIDE)

    @property
    def own_sounds(self) -> Path:
        """Prompts that this city recorded; they go before those of the repository."""
        return self.settings.data_dir / "sounds"

    @property
    def journal_path(self) -> Path:
        return self.settings.data_dir / f"journal-{self.settings.node}.sqlite"

    @property
    def nudge_path(self) -> Path:
        return self.settings.data_dir / "controller.sock"

    def open_journal(self) -> ReservedJournal:
        """The node's journal; only the controller opens it."""
        from hotline.health.reserve import ReservedJournal

        self.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return ReservedJournal(self.journal_path, self.settings.node)

    @property
    def reserve(self) -> Reserve:
        """What is held back on the disk."""
        from hotline.health.reserve import Reserve

        s = self.settings
        return Reserve(s.data_dir, s.reserve_mb * MEGABYTE, s.reserve_least_mb * MEGABYTE)

    def open_database(self) -> Database:
        from store.database import Database

        self.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Database(self.settings.database_url)

    @asynccontextmanager
    async def opened_database(self) -> AsyncIterator[Database]:
        """The main database, closed at the end."""
        database = self.open_database()
        try:
            yield database
        finally:
            await database.close()
