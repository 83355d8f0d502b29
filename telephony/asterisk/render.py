"""Room telephony/asterisk: turns the templates and the settings into an instance's files."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from telephony.asterisk.documentation import install_documentation
from telephony.asterisk.modules import PBX_MODULES
from telephony.asterisk.node import NodeFolder
from telephony.cel.events import CEL_DATEFORMAT, cel_custom_mapping
from telephony.dialplan import GUIDE, SKILL_QUEUE
from telephony.ivr.prompts import install_prompts
from telephony.trunks.choosing import OF_OUR_SIDE, OF_THE_CARRIER, RANG
from telephony.trunks.trunk import Trunk

TEMPLATES = Path(__file__).parents[2] / "asterisk_conf"
# One line a value: a line break in a setting could add a section of its own.
_FORBIDDEN = ("\n", "\r", "\0", ";")


class BadSetting(ValueError):
    """A setting that may not be written into Asterisk's files; the message names it."""


@dataclass(frozen=True)
class DeskPhone:
    """A phone of an operator or a supervisor, with the password it registers with."""

    extension: str
    secret: str = field(repr=False)
    tls: bool = False


@dataclass(frozen=True)
class PbxSettings:
    """Everything the PBX's files are made from."""

    node: str
    sip_address: str
    sip_port: int
    rtp_first: int
    rtp_last: int
    ami_port: int
    ami_secret: str = field(repr=False)
    hotline_number: str
    trunks: tuple[Trunk, ...]
    phones: tuple[DeskPhone, ...]
    phone_codecs: tuple[str, ...] = ("alaw", "ulaw")
    # None: no TLS. With it, certificate and key lie in the instance's etc/tls already.
    sip_tls_port: int | None = None
    has_tls_ca: bool = False
    ring_seconds: int = 20
    queue_seconds: int = 300
    message_seconds: int = 120
    skills: tuple[str, ...] = ()
    skill_seconds: int = 20
    guide_seconds: int = 60
    announce_seconds: int = 30
    offer_seconds: int = 20
    after_call_seconds: int = 0
    pause_reasons: tuple[str, ...] = ()
    max_calls: int = 60
    agi_port: int = 4573
    own_sounds: Path | None = None
    # What whoever is outside the local nets is told instead of `sip_address`; empty: that.
    public_address: str = ""
    public_media_address: str = ""
    public_port: int | None = None
    local_nets: tuple[str, ...] = ()
    phone_keepalive_seconds: int = 0


@cache
def _templates(folder: Path) -> Environment:
    """Templates of a folder and of `common`, compiled once; a changed file is compiled again."""
    places = FileSystemLoader([folder, TEMPLATES / "common"])
    # Asterisk's files are not HTML: nothing is escaped, line breaks are refused instead.
    return Environment(loader=places, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701


def render(
    templates: Path,
    folder: NodeFolder,
    values: Mapping[str, object],
    modules: tuple[str, ...],
    only: str = "",
) -> None:
    """Write every `*.conf` of a template folder, and of `common`, into the instance's etc."""
    _refuse_breaks("", values)
    environment = _templates(templates)
    module_dir = next(folder.program.file("/usr/lib").glob("*/asterisk/modules"))
    root = folder.program.root
    common = {
        "inside": folder.inside,
        "modules": modules,
        "module_dir": module_dir if root is None else f"/{module_dir.relative_to(root)}",
        "transmit_silence": "yes",
        "cel_dateformat": CEL_DATEFORMAT,
        "cel_mapping": cel_custom_mapping(),
    }
    link_share(folder)
    names = {
        path.name for place in (templates, TEMPLATES / "common") for path in place.glob("*.conf")
    }
    for name in sorted(names & {only} if only else names):
        text = environment.get_template(name).render({**common, **values})
        folder.write(folder.etc / name, text)


def render_pbx(folder: NodeFolder, settings: PbxSettings) -> None:
    """Write the hotline's own files and put its prompts in place."""
    folder.make()
    render(TEMPLATES / "pbx", folder, _values(settings), PBX_MODULES)
    install_prompts(folder, settings.own_sounds)
    waiting = folder.sounds / "waiting"
    waiting.mkdir(exist_ok=True)
    shutil.copyfile(folder.sounds / "zh" / "queue_wait.wav", waiting / "queue_wait.wav")
    _give(folder, waiting)
    install_digits(folder)


def render_sip(folder: NodeFolder, settings: PbxSettings) -> None:
    """Write pjsip.conf alone: trunks and phones, for an instance that runs."""
    render(TEMPLATES / "pbx", folder, _values(settings), PBX_MODULES, only="pjsip.conf")


def _values(settings: PbxSettings) -> dict[str, object]:
    trunks = [{**asdict(trunk), "matches": trunk.matches} for trunk in settings.trunks]
    skill_queues = [SKILL_QUEUE.format(skill) for skill in settings.skills if skill != GUIDE]
    return {
        **asdict(settings), "trunks": trunks, "skill_queues": skill_queues,
        "rang_states": RANG, "carrier_answers": sorted(OF_THE_CARRIER),
        "own_causes": sorted(OF_OUR_SIDE),
    }  # fmt: skip


def link_share(folder: NodeFolder) -> None:
    """Asterisk's data folder: our sounds, and the package's documentation of its settings."""
    share = folder.base / "share"
    share.mkdir(exist_ok=True, mode=0o700)
    if not (share / "sounds").is_symlink():
        (share / "sounds").symlink_to("../sounds")
    install_documentation(folder, share / "documentation")
    uid, gid = folder.program.user
    os.chown(share, uid, gid)


def install_digits(folder: NodeFolder) -> None:
    """Numbers where Asterisk looks for them: `digit_20.wav` → `zh/digits/20.wav`."""
    for language in ("zh", "en"):
        digits = folder.sounds / language / "digits"
        digits.mkdir(exist_ok=True)
        for sound in (TEMPLATES / "sounds" / language).glob("digit_*.wav"):
            shutil.copyfile(sound, digits / sound.name.removeprefix("digit_"))
        _give(folder, digits)


def install_sounds(folder: NodeFolder, source: Path, name: str) -> None:
    """Copy prompt files into the instance, readable by Asterisk's user."""
    target = folder.sounds / name
    target.mkdir(parents=True, exist_ok=True)
    for sound in source.glob("*.wav"):
        shutil.copyfile(sound, target / sound.name)
    _give(folder, target)


def _give(folder: NodeFolder, place: Path) -> None:
    uid, gid = folder.program.user
    for path in (place, *place.iterdir()):
        shutil.chown(path, uid, gid)


def _refuse_breaks(name: str, value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _refuse_breaks(f"{name}.{key}".lstrip("."), inner)
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            _refuse_breaks(f"{name}[{position}]", inner)
    elif isinstance(value, str) and any(char in value for char in _FORBIDDEN):
        raise BadSetting(f"{name}: a line break, NUL or semicolon is not allowed here")
