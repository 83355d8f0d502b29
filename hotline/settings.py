"""Room hotline: every setting, typed, from `HOTLINE_*` variables or `hotline.toml`.

Secrets are not settings: they are generated at set-up into the data folder.
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

ROOT = Path(__file__).parents[1]
Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsWrong(ValueError):
    """One line for every setting that is wrong, each with its name."""


class Settings(BaseSettings):
    """All that can be set. Defaults run a whole hotline on one machine."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_", toml_file="hotline.toml", extra="forbid"
    )

    data_dir: Path = ROOT / "var" / "data"
    rootfs: Path = ROOT / "var" / "rootfs"
    node: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")] = "pbx"
    number: Annotated[str, Field(pattern=r"^[0-9]{3,12}$")] = "12345"

    sip_address: str = "127.0.0.1"
    sip_port: Port = 5060
    rtp_first: Port = 12000
    rtp_last: Port = 12999
    ami_port: Port = 5038
    trunk_host: str = "127.0.0.2"
    trunk_port: Port = 5060
    phones: list[Annotated[str, Field(pattern=r"^[0-9]{2,8}$")]] = [
        "1001", "1002", "1003", "1901",
    ]  # fmt: skip
    allowed_numbers: list[str] = [r"6[0-9]{3}", r"0594[0-9]{7,8}", r"1[3-9][0-9]{9}"]
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 20
    queue_seconds: Annotated[int, Field(ge=5, le=3600)] = 300
    message_seconds: Annotated[int, Field(ge=5, le=600)] = 120

    api_host: str = "127.0.0.1"
    api_port: Port = 8345
    database: str = ""
    token_hours: Annotated[float, Field(gt=0, le=72)] = 12.0

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
    """The settings, or `SettingsWrong` that names every mistake at once."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"HOTLINE_{'.'.join(str(part) for part in mistake['loc']).upper()}: {mistake['msg']}"
            for mistake in error.errors()
        ]
        raise SettingsWrong("\n".join(lines)) from None
