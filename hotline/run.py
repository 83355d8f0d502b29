"""Room hotline: the whole service on one machine."""

import json
import os
from collections.abc import Callable

from hotline.installation import Installation
from hotline.lock import take_lock
from hotline.logs import set_up_logs
from hotline.set_up import prepare
from hotline.settings import Settings
from hotline.supervise import Supervisor, own_parts

Say = Callable[[str], None]


async def run_everything(settings: Settings, say: Say) -> None:
    """Until SIGINT or SIGTERM. Raises what a person has to mend."""
    set_up_logs("supervisor")
    lock = take_lock(settings.data_dir / "supervisor.lock", replace=False)
    installation = Installation(settings)
    await prepare(installation)
    supervisor = make_supervisor(installation)
    address = f"http://{settings.api_host}:{settings.api_port}"
    await supervisor.run(lambda: say(f"热线已启动 / the hotline runs: {address}  (Ctrl-C 停止)"))
    lock.close()


def make_supervisor(installation: Installation) -> Supervisor:
    """All parts of this installation, started with its own settings."""
    settings = installation.settings
    return Supervisor(
        installation.asterisk, settings.data_dir / "log", own_parts(),
        {**os.environ, **environment_of(settings)},
    )  # fmt: skip


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for the parts."""
    values = settings.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return {
        f"HOTLINE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
