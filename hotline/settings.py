"""Room hotline: every setting, typed, from `HOTLINE_*` variables or `hotline.toml`.

Secrets are not settings: they are generated at set-up into the data folder.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from casework.suggestions.reading import read_words_file
from hotline.trunk_settings import (
    Codec,
    Network,
    PublicAddress,
    TrunkSettings,
    problem_of_lines,
)

ROOT = Path(__file__).parents[1]
TOML_FILE = "hotline.toml"
Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsWrong(ValueError):
    """One line for every setting that is wrong, each with its name."""


class Settings(BaseSettings):
    """All that can be set. Defaults run a whole hotline on one machine."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", toml_file=TOML_FILE, extra="forbid")

    data_dir: Path = ROOT / "var" / "data"
    rootfs: Path = ROOT / "var" / "rootfs"
    node: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")] = "pbx"
    number: Annotated[str, Field(pattern=r"^[0-9]{3,12}$")] = "12345"

    area_code: Annotated[str, Field(pattern=r"^(0[0-9]{2,3})?$")] = "0594"

    sip_address: str = "127.0.0.1"
    sip_port: Port = 5060
    rtp_first: Port = 12000
    rtp_last: Port = 12999
    ami_port: Port = 5038
    agi_port: Port = 4573
    # Behind a router: what it is called outside, and who is inside (docs/trunks-and-phones.md).
    public_address: PublicAddress = ""
    public_media_address: PublicAddress = ""
    public_port: Port | None = None
    local_nets: list[Network] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"]
    # How often a phone is asked for a sign of life, which keeps its router's way to it open; 0:
    # never. A phone that does not answer is not rung, nor, after a restart, one not yet asked.
    phone_keepalive_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    # One trunk in short, or as many as there are in `[[trunks]]`: hotline/trunk_settings.py.
    trunk_host: str = "127.0.0.2"
    trunk_port: Port = 5060
    trunks: list[TrunkSettings] = []
    sip_tls_port: Port | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    phone_codecs: Annotated[list[Codec], Field(min_length=1)] = ["alaw", "ulaw", "g722", "opus"]
    phones: list[Annotated[str, Field(pattern=r"^[0-9]{2,8}$")]] = [
        "1001", "1002", "1003", "1901",
    ]  # fmt: skip
    allowed_numbers: list[str] = [r"6[0-9]{3}", r"0594[0-9]{7,8}", r"1[3-9][0-9]{9}"]
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 20
    queue_seconds: Annotated[int, Field(ge=5, le=3600)] = 300
    message_seconds: Annotated[int, Field(ge=5, le=600)] = 120
    # Waiting: by skill first, then everybody, then the guides, then a message.
    skills: list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,15}$")]] = ["petition", "english"]
    skill_seconds: Annotated[int, Field(ge=1, le=600)] = 20
    guide_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    announce_seconds: Annotated[int, Field(ge=5, le=600)] = 30
    offer_seconds: Annotated[int, Field(ge=5, le=600)] = 20
    after_call_seconds: Annotated[int, Field(ge=0, le=600)] = 0
    pause_reasons: Annotated[
        list[Annotated[str, Field(pattern=r"^\w{1,20}$")]], Field(min_length=1, max_length=9)
    ] = ["午休", "用餐", "培训", "会议", "整理工单"]
    max_calls: Annotated[int, Field(ge=1, le=5000)] = 60
    ringback_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    ringback_message_minutes: Annotated[int, Field(ge=1, le=1440)] = 120
    # A file of asterisk_conf/flows; what `hotline ivr apply` put in force goes before it.
    flow: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")] = "putian"
    # The city's own words for suggestions: docs/suggestions.md. None: the program's own.
    suggestion_words: Path | None = None
    # Work days for each step of a ticket; urgent ones have hours, whatever the day.
    dispatch_days: Annotated[int, Field(ge=1, le=60)] = 1
    sign_days: Annotated[int, Field(ge=1, le=60)] = 1
    resolve_days: Annotated[int, Field(ge=1, le=60)] = 5
    soon_resolve_days: Annotated[int, Field(ge=1, le=60)] = 2
    urgent_resolve_hours: Annotated[int, Field(ge=1, le=240)] = 24
    call_back_days: Annotated[int, Field(ge=1, le=60)] = 3

    api_host: str = "127.0.0.1"
    api_port: Port = 8345
    database: str = ""
    token_hours: Annotated[float, Field(gt=0, le=72)] = 12.0

    # The same alarm is told once in so many minutes, with a count.
    alarm_minutes: Annotated[float, Field(gt=0, le=1440)] = 30.0
    # Told when less is free, or when more of the disk is used; the reserve counts as free.
    disk_alarm_mb: Annotated[int, Field(ge=0)] = 2000
    disk_alarm_percent: Annotated[float, Field(gt=0, le=100)] = 95.0
    # Held back on the disk of the data (0: nothing), and given up when less than so much is free.
    reserve_mb: Annotated[int, Field(ge=0)] = 256
    reserve_least_mb: Annotated[int, Field(ge=1)] = 64
    # Asterisk's event file is put aside at this size; four such files stay (docs/adr/0024).
    event_file_mb: Annotated[float, Field(gt=0)] = 16.0
    # The service calls itself every so many minutes; 0: never.
    probe_minutes: Annotated[float, Field(ge=0, le=1440)] = 0.0

    models: Path = ROOT / "var" / "models"
    model_dir: Path | None = None
    model_url: str = ""
    model_sha256: str = ""

    @field_validator("allowed_numbers")
    @classmethod
    def _are_patterns(cls, value: list[str]) -> list[str]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a pattern: {error}") from None
        return value

    @field_validator("suggestion_words")
    @classmethod
    def _are_words(cls, value: Path | None) -> Path | None:
        if value is not None:
            read_words_file(value)
        return value

    @model_validator(mode="after")
    def _lines_fit_together(self) -> "Settings":
        problem = problem_of_lines(
            self.trunks, self.sip_tls_port, self.sip_port, self.tls_cert, self.tls_key
        )
        if problem:
            raise ValueError(problem)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data_dir.resolve() / 'hotline.sqlite'}"

    @property
    def archive(self) -> Path:
        return self.data_dir / "archive"


def load_settings() -> Settings:
    """The settings, or `SettingsWrong` that names every mistake at once.

    Of a variable or file that cannot be read at all, the first alone.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"HOTLINE_{'.'.join(str(part) for part in mistake['loc']).upper()}: {mistake['msg']}"
            if mistake["loc"]
            else mistake["msg"]
            for mistake in error.errors()
        ]
        raise SettingsWrong("\n".join(lines)) from None
    except SettingsError as error:
        # The field stands in its text alone: 'error parsing value for field "phones" from …'.
        field = re.sub(r'.* field "(\w+)".*', r"\1", str(error))
        told = '应为 JSON 列表 / a JSON list is expected, like ["…", "…"]'
        raise SettingsWrong(f"HOTLINE_{field.upper()}: {told}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsWrong(f"{TOML_FILE}: {error}") from None
