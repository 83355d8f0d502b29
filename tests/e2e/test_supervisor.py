"""The program as a whole: starts all parts, restarts what dies, survives its own death, stops."""

import asyncio
import os
import signal
import socket
import ssl
import sys
from pathlib import Path

import httpx
import pytest

from hotline.run import environment_of
from hotline.settings import ROOT, Settings
from telephony.asterisk.ports import free_port, free_range
from tests.e2e.stage import until

# Stories with a whole service keep a processor busy: one of them at a time.
pytestmark = pytest.mark.xdist_group("service")

PARTS = ("controller", "api", "desk", "transcriber")
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def pid_of(settings: Settings, part: str) -> int | None:
    """The process that holds a part's lock, while it lives."""
    try:
        pid = int((settings.data_dir / f"{part}.lock").read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


async def start(settings: Settings) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline", "up", cwd=ROOT, stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, **environment_of(settings)},
    )  # fmt: skip


async def is_well(settings: Settings) -> bool:
    # Nothing here is encrypted: reading the system's certificates would be most of the work.
    async with httpx.AsyncClient(trust_env=False, verify=_NO_CERTIFICATES) as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{settings.api_port}/healthz")
        except httpx.TransportError:
            return False
    return answer.status_code == 200


async def test_the_whole_service_through_deaths_and_a_clean_end(tmp_path: Path) -> None:
    first, last = free_range("127.0.0.1")
    settings = Settings(
        data_dir=tmp_path / "data", sip_port=free_port("127.0.0.1"), rtp_first=first,
        rtp_last=last, ami_port=free_port("127.0.0.1", socket.SOCK_STREAM),
        api_port=free_port("127.0.0.1", socket.SOCK_STREAM),
    )  # fmt: skip
    up = await start(settings)
    try:
        await until(lambda: is_well(settings), 40, "every part well", look=0.25)
        second = await start(settings)
        assert await second.wait() == 1, "a second supervisor in the same folder is refused"

        # A part that is killed comes back, and the health page said so meanwhile or not at all.
        controller = pid_of(settings, "controller")
        assert controller is not None
        os.kill(controller, signal.SIGKILL)
        await until(
            lambda: pid_of(settings, "controller") not in (None, controller), 20, "a new one"
        )

        # The supervisor is killed: the parts go on; its successor replaces them one by one.
        before = {part: pid_of(settings, part) for part in PARTS}
        up.send_signal(signal.SIGKILL)
        await up.wait()
        assert all(pid_of(settings, part) == before[part] for part in PARTS)
        up = await start(settings)
        await until(
            lambda: all(pid_of(settings, part) not in (None, before[part]) for part in PARTS),
            40, "each part replaced",
        )  # fmt: skip
        await until(lambda: is_well(settings), 40, "every part well again", look=0.25)
    finally:
        up.send_signal(signal.SIGTERM)
        await asyncio.wait_for(up.wait(), 30)
    assert up.returncode == 0
    assert [part for part in PARTS if pid_of(settings, part)] == []
    assert not (settings.data_dir / "pbx" / "run" / "asterisk.ctl").exists()
