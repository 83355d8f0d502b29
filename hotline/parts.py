"""Room hotline: what each process of the program runs; the table is at the foot.

A part loads its own modules and no other's: one that was killed is back the sooner.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from hotline.installation import Installation
from hotline.lock import take_lock
from hotline.logs import LOG_FILE, set_up_logs
from store.known import import_all
from store.node_journal import JournalBroken

log = structlog.get_logger()


async def run_part(name: str, installation: Installation) -> None:
    """Run one part until SIGTERM or SIGINT."""
    file = os.environ.get(LOG_FILE)
    set_up_logs(name, file=Path(file) if file else None)
    import_all("tables", "facts")
    # Held until this process ends, however it ends.
    lock = await asyncio.to_thread(
        take_lock, installation.settings.data_dir / f"{name}.lock", replace=True
    )
    main = asyncio.create_task(PARTS[name](installation), name=name)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, main.cancel)
    log.info("part_started")
    try:
        await main
    except asyncio.CancelledError:
        log.info("part_stopped")
    except (JournalBroken, BaseExceptionGroup) as error:
        broken = error if isinstance(error, JournalBroken) else error.subgroup(JournalBroken)
        if broken is None:
            raise
        # A full disk, mostly. Calls go on in Asterisk; the supervisor starts us again.
        log.error("journal_cannot_be_written", reason=str(broken))
        raise SystemExit(1) from None
    finally:
        lock.close()


async def _controller(installation: Installation) -> None:
    from hotline.controller_part import ControllerPart

    await ControllerPart(installation).run()


async def _api(installation: Installation) -> None:
    from hotline.api_part import run

    await run(installation)


async def _desk(installation: Installation) -> None:
    from hotline.work_parts import run_desk

    await run_desk(installation)


async def _transcriber(installation: Installation) -> None:
    from hotline.work_parts import run_transcriber

    await run_transcriber(installation)


async def _probe(installation: Installation) -> None:
    from hotline.probe.part import probe_for_ever

    await probe_for_ever(installation)


PARTS: dict[str, Callable[[Installation], Coroutine[Any, Any, None]]] = {
    "controller": _controller,
    "api": _api,
    "desk": _desk,
    "transcriber": _transcriber,
    "probe": _probe,
}
