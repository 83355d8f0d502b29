"""The service in processes of its own, and a town of callers: started, healed, taken down."""

import asyncio
import os
import random
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from api.accounts import add_user
from casework.duty.roster import import_roster, read_roster
from hotline.installation import Installation
from hotline.run import environment_of
from hotline.set_up import prepare
from hotline.settings import ROOT, Settings
from simulator.carrier import CARRIER_ADDRESS, Carrier, HotlineAddress
from simulator.city import City
from simulator.desk import Desk
from telephony.asterisk.ports import free_port, free_range
from tests.e2e.proxy import CuttingProxy, given_proxy
from tests.e2e.stage import until
from tests.soak.disk import SmallDisk
from tests.soak.people import Town
from tests.soak.plan import Plan
from tests.speech import korean_model

PARTS = ("controller", "api", "desk", "transcriber")
FIRST_OPERATOR = 1001


def low_port() -> int:
    """A free TCP port below those the kernel gives to connections: nobody takes it by chance
    while the part that listens there is being started again."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class World:
    """Everything faults and calls touch."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.disk = SmallDisk(folder / "disk.img", folder / "disk", plan.disk_mb)
        self.disk.mount()
        first, last = free_range("127.0.0.1", 1000)
        self.operators = [str(FIRST_OPERATOR + n) for n in range(plan.operators)]
        self.settings = Settings(
            data_dir=folder / "disk" / "data", sip_port=free_port("127.0.0.1"),
            rtp_first=first, rtp_last=last, ami_port=low_port(),
            api_port=low_port(), trunk_host=CARRIER_ADDRESS,
            trunk_port=free_port(CARRIER_ADDRESS), phones=[*self.operators, "1901"],
            model_dir=korean_model(), database="",
        )  # fmt: skip
        self.installation = Installation(self.settings)
        self.units = [f"unit{n}" for n in range(plan.operators)]
        s = self.settings
        self.carrier = Carrier(
            self.installation.folder.program, folder / "city",
            HotlineAddress(s.sip_address, s.sip_port, s.number), self.installation.phones,
            port=s.trunk_port,
        )  # fmt: skip
        self.town = Town(
            self.carrier, self.operators, [f"62{n:02d}" for n in range(plan.operators)]
        )
        self.database = self.installation.open_database()
        self.desk = Desk(self.address)
        self.proxy: CuttingProxy | None = None
        self.service: asyncio.subprocess.Process | None = None
        self._password = secrets.token_urlsafe(12)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.api_port}"

    # -- the service's processes ------------------------------------------------------------

    async def start_service(self) -> None:
        assert self.proxy is not None
        log = (self.folder / "service.log").open("ab")
        self.service = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.soak.service", str(self.proxy.port), cwd=ROOT,
            env={**os.environ, **environment_of(self.settings)}, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()

    def pid(self, part: str) -> int | None:
        """The process of a part, `asterisk` or `supervisor`, while it lives."""
        if part == "asterisk":
            return self.installation.asterisk.pid
        with suppress(OSError, ValueError):
            pid = int((self.settings.data_dir / f"{part}.lock").read_text())
            if b"python" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return None

    async def kill(self, part: str) -> None:
        """kill -9."""
        pid = await until(lambda: self.pid(part), 30, f"{part} lives")
        os.kill(pid, signal.SIGKILL)

    async def is_well(self) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
                return (await client.get(f"{self.address}/healthz")).status_code == 200
        except httpx.HTTPError:
            return False

    # -- people -----------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Tables, a roster with a unit for each liaison, an account for each operator."""
        await prepare(self.installation)
        async with self.database.transaction() as session:
            await import_roster(session, read_roster(self._roster()), by="soak")
            for number in self.operators:
                await add_user(
                    session, f"op{number}", name=number, role="operator",
                    password=self._password, extension=number,
                )  # fmt: skip
            await add_user(
                session, "chief", name="chief", role="supervisor", password=self._password,
                extension="1901",
            )  # fmt: skip

    def _roster(self) -> str:
        units = "".join(f"  - {{id: {u}, name: {u}, kind: unit}}\n" for u in self.units)
        shifts = "".join(
            f"  - {{unit: {unit}, rung: primary, person: p{number}, name: {number},"
            f' number: "{number}", ring_seconds: 8, every: day, from: "00:00", to: "24:00"}}\n'
            for unit, number in zip(self.units, self.town.liaisons, strict=True)
        )
        return f'internal_numbers: "6[0-9]{{3}}"\nunits:\n{units}shifts:\n{shifts}'

    async def sign_everybody_in(self) -> None:
        for number in self.operators:
            async with Desk(self.address) as desk:
                await desk.sign_in(f"op{number}", self._password)
                await desk.do("/operators/me/sign-in")
        await self.desk.sign_in("chief", self._password)


@asynccontextmanager
async def given_world(plan: Plan, folder: Path) -> AsyncIterator[World]:
    """The service is well, phones are registered, operators signed in."""
    world = World(plan, folder)
    try:
        await world.prepare()
        async with given_proxy(world.settings.ami_port) as proxy, world.desk:
            world.proxy = proxy
            await world.start_service()
            async with world.carrier:
                await until(world.is_well, 90, "the service well")
                city = City(world.carrier)
                await city.phones_registered(
                    world.installation.asterisk, len(world.settings.phones), within=30
                )
                await world.town.move_in()
                await world.sign_everybody_in()
                yield world
            await _stop(world)
    finally:
        await _stop(world)
        await world.installation.asterisk.stop()
        await world.database.close()
        world.disk.unmount()


async def _stop(world: World) -> None:
    service = world.service
    if service is not None and service.returncode is None:
        service.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(40):
                await service.wait()
        except TimeoutError:
            service.kill()
            await service.wait()
