"""Room hotline: the whole service on one machine."""

import asyncio
import json
import os
from collections.abc import Callable

from hotline.installation import Installation
from hotline.lock import take_lock
from hotline.logs import set_up_logs
from hotline.set_up import migrate, prepare
from hotline.settings import Settings
from hotline.supervise import HAND_OVER, Supervisor, own_parts

Say = Callable[[str], None]


async def run_everything(
    settings: Settings, say: Say, *, take_over: bool = False, keep_asterisk: bool = False
) -> None:
    """Until SIGINT or SIGTERM. Raises what a person has to mend.

    `take_over`: from an older `up` in the same folder, while calls go on (docs/adr/0021).
    """
    set_up_logs("supervisor")
    installation = Installation(settings)
    if take_over:  # the tables first: the older parts go on working with what is added
        await migrate(installation)
    place = settings.data_dir / "supervisor.lock"
    lock = await asyncio.to_thread(take_lock, place, replace=take_over, sign=HAND_OVER)
    await prepare(installation)
    supervisor = make_supervisor(installation)
    supervisor.keep_asterisk = keep_asterisk
    address = f"http://{settings.api_host}:{settings.api_port}"
    await supervisor.run(lambda: say(f"热线已启动 / the hotline runs: {address}  (Ctrl-C 停止)"))
    if supervisor.handed_over:
        # At once, and without cleaning up: asyncio would kill the parts that are left running.
        os._exit(0)
    lock.close()


def make_supervisor(installation: Installation) -> Supervisor:
    """All parts of this installation, started with its own settings."""
    settings = installation.settings
    return Supervisor(
        installation.asterisk, settings.data_dir / "log",
        own_parts(probing=settings.probe_minutes > 0),
        {**os.environ, **environment_of(settings)},
    )  # fmt: skip


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for the parts."""
    values = settings.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return {
        f"HOTLINE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
