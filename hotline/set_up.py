"""Room hotline: what has to be there before anything starts. Done twice, it is done."""

from collections.abc import Callable

from hotline.flows import prepare_flow
from hotline.installation import Installation
from hotline.settings import Settings
from hotline.work.stages import model_settings
from telephony.asterisk.certificate import install_certificate
from telephony.asterisk.install import ensure_asterisk
from telephony.asterisk.render import render_pbx
from transcription.download import DownloadRefused, ModelUnreachable
from transcription.engine import ModelUnusable
from transcription.models import fetch_model, find_model

Say = Callable[[str], None]


async def set_up(settings: Settings, say: Say) -> None:
    """Asterisk and a speech model: what every data folder shares. Raises `AsteriskMissing`."""
    ensure_asterisk(settings.rootfs, say)
    models = model_settings(settings)
    if find_model(models).folder is None:
        try:
            fetch_model(models)
        except (DownloadRefused, ModelUnreachable, ModelUnusable) as error:
            say(f"no Chinese Vosk model: {error}")
    say(find_model(models).reason.en)


async def prepare(installation: Installation) -> None:
    """The data folder: secrets, Asterisk's files, the database's tables."""
    installation.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    render_pbx(installation.folder, installation.pbx_settings)
    settings = installation.settings
    if settings.sip_tls_port is not None:
        install_certificate(
            installation.folder, settings.data_dir / "tls", settings.sip_address,
            settings.tls_cert, settings.tls_key, settings.tls_ca,
        )  # fmt: skip
    prepare_flow(installation)
    await migrate(installation)


async def migrate(installation: Installation) -> None:
    """The database's tables."""
    installation.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = installation.open_database()
    try:
        await database.migrate()
    finally:
        await database.close()
