"""Room tests: a hotline's database and archive as the interface finds them, told in builders."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import soundfile
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.health import PartHealth
from api.parts import ApiParts
from api.permissions import Role
from api.tables import Token, User
from casework.duty.roster import import_roster, read_roster
from casework.tickets.life import Terms
from casework.tickets.open import TicketDraft, open_ticket
from recording import projection as recordings
from recording.seal import LegTalk, Sealed, seal
from store import journal
from store.base import now
from store.database import Database
from store.facts import Fact
from telephony import facts as f
from telephony import projection as calls
from telephony.roles import Place
from telephony.roles import Role as LegRole
from transcription.keep import keep_transcript
from transcription.words import Timeline, Utterance, Word

CALL = "pbx-1764000000.12"
CITIZEN, OPERATOR, LIAISON = "pbx-1764000000.12", "pbx-1764000000.13", "lia-0001"
NUMBER, LIAISON_NUMBER = "13800000001", "13900000002"
START = datetime(2026, 11, 24, 1, 20, tzinfo=UTC)
ROSTER = Path(__file__).parents[4] / "simulator" / "roster.yaml"
SECONDS = 6.0
# Who is in `CALL` with the phone of its operator.
PHONES = {Role.OPERATOR: "1001", Role.LEADER: "1001"}


@dataclass
class World:
    """`nudged` grows with every nudge; `parts_health` is what the other parts say."""

    database: Database
    archive: Path
    nudged: list[None] = field(default_factory=list)
    parts_health: list[PartHealth] = field(default_factory=list)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        async def health() -> list[PartHealth]:
            return self.parts_health

        self.app = create_app(
            ApiParts(
                database=self.database, archive=self.archive, node="pbx",
                token_lifetime=timedelta(hours=1), nudge=lambda: self.nudged.append(None),
                health=health,
            )
        )  # fmt: skip

    async def token(self, role: Role, lifetime: timedelta = timedelta(hours=1)) -> str:
        """A fresh secret of this role's one account, which is made where it is missing."""
        secret, moment = uuid4().hex, now()
        async with self.database.transaction() as session:
            if await session.get(User, user_id(role)) is None:
                session.add(
                    User(
                        user_id=user_id(role), username=role.value, name=role.value,
                        role=role.value, password_hash="never used",
                        extension=PHONES.get(role, "1901"),
                        active=True, failures=0,
                    )
                )  # fmt: skip
                await session.flush()
            session.add(
                Token(
                    token_hash=sha256(secret.encode()).hexdigest(), user_id=user_id(role),
                    created_at=moment, expires_at=moment + lifetime,
                )
            )  # fmt: skip
        return secret

    @asynccontextmanager
    async def client(self, role: Role | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Requests straight into the application, signed in as this role."""
        headers = {"Authorization": f"Bearer {await self.token(role)}"} if role else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://hotline", headers=headers
        ) as client:
            yield client

    async def happened(self, *facts: Fact, **private: Any) -> int:
        """As the forwarder does it: journal and rows in one transaction; the last number."""
        number = 0
        async with self.database.transaction() as session:
            for fact in facts:
                number = await journal.append(session, fact)
                table: dict[type[Fact], Any] = {**calls.PROJECTIONS, **recordings.PROJECTIONS}
                if project := table.get(type(fact)):
                    await project(session, fact, private)
                    await session.flush()
        return number

    async def facts(self, kind: str) -> list[dict[str, Any]]:
        """The data of every fact of this kind, in order."""
        async with self.database.reading() as session:
            return [row.data for row in await journal.after(session, 0, 5000, kinds=[kind])]

    async def given_call(
        self, call_id: str = CALL, *, at: datetime = START, ended: bool = False
    ) -> str:
        """A citizen, and with the usual id an operator and a liaison too."""
        citizen = CITIZEN if call_id == CALL else f"{call_id}-c"
        await self.happened(
            f.CallStarted(at=at, call_id=call_id, node="pbx", called="12345"),
            f.LegStarted(
                at=at, call_id=call_id, leg_id=citizen, role=LegRole.CITIZEN, channel="PJSIP/1"
            ),
            caller_number=NUMBER, caller_name="王小明", number=NUMBER,
        )  # fmt: skip
        if call_id == CALL:
            await self._leg(OPERATOR, LegRole.OPERATOR, "1001")
            await self._leg(LIAISON, LegRole.LIAISON, LIAISON_NUMBER)
        if ended:
            await self.happened(f.CallEnded(at=at + timedelta(minutes=5), call_id=call_id))
        return call_id

    async def given_listener(self, leg_id: str = "sup-1") -> None:
        """A supervisor who listens to the call."""
        await self._leg(leg_id, LegRole.SUPERVISOR, "1901")
        await self.happened(
            f.MonitoringMode(at=START, call_id=CALL, leg_id=leg_id, mode="listen"),
        )

    async def _leg(self, leg_id: str, role: LegRole, number: str) -> None:
        await self.happened(
            f.LegStarted(
                at=START, call_id=CALL, leg_id=leg_id, role=role, channel=f"PJSIP/{leg_id}"
            ),
            f.LegMoved(at=START, call_id=CALL, leg_id=leg_id, role=role, place=Place.ROOM),
            number=number,
        )  # fmt: skip

    async def given_recording(self, call_id: str = CALL, previous: str = "") -> Sealed:
        """Really sealed: citizen 440 Hz from the start, operator 660 Hz from second 2."""
        spool = self.archive.parent / "spool" / call_id
        spool.mkdir(parents=True)
        start_ms = round(START.timestamp() * 1000)
        for role, leg, hertz, offset in (
            ("citizen", CITIZEN, 440, 0.0), ("operator", OPERATOR, 660, 2.0),
        ):  # fmt: skip
            name = f"{role}~{start_ms + round(offset * 1000)}~{leg}~said.wav"
            times = np.arange(int(8000 * (SECONDS - offset))) / 8000
            tone = (9000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)
            soundfile.write(spool / name, tone, 8000, subtype="PCM_16")
        self.archive.mkdir(exist_ok=True)
        legs = [LegTalk(CITIZEN, "citizen", START, START + timedelta(seconds=SECONDS))]
        sealed = seal(spool, self.archive, legs, "pbx", previous, START + timedelta(seconds=7))
        await self.happened(*sealed.facts(call_id))
        return sealed

    async def given_transcript(self, call_id: str = CALL) -> Timeline:
        said = (
            ("citizen", CITIZEN, 0.5, "我要投诉口罩涨价"),
            ("operator", OPERATOR, 3.0, "请问在哪里"),
        )
        timeline = Timeline(
            utterances=tuple(
                Utterance(
                    leg_id=leg, role=role, start=start, end=start + 2, text=text,
                    words=(Word(text=text, start=start, end=start + 2, confidence=0.9),),
                )
                for role, leg, start, text in said
            ),
            engine="vosk", model="test", why="测试用", language="zh",
        )  # fmt: skip
        async with self.database.transaction() as session:
            await keep_transcript(session, call_id, timeline)
        return timeline

    async def given_ticket(self, call_id: str = CALL) -> str:
        """Its number."""
        draft = TicketDraft(
            call_id=call_id, kind="call", called_at=START, caller_number=NUMBER, title="口罩涨价",
            body="来电人：我要投诉口罩涨价", who_spoke=["citizen", "operator"], units=["market"],
            has_transcript=True, transcript_note="vosk", recording_folder=None,
            recording_sha256=None, has_gap=False, line_broke=False,
        )  # fmt: skip
        async with self.database.transaction() as session:
            return (await open_ticket(session, draft, Terms())).number

    async def given_roster(self) -> None:
        async with self.database.transaction() as session:
            await import_roster(session, read_roster(ROSTER.read_text("utf-8")), by="test")

    async def given_everything(self) -> str:
        """One call with all that can follow from it; the ticket's number."""
        await self.given_roster()
        await self.given_call()
        await self.given_recording()
        await self.given_transcript()
        await self.happened(f.OperatorSignedIn(at=START, operator_id="operator", extension="1007"))
        return await self.given_ticket()


def user_id(role: Role) -> str:
    return f"user-{role.value}"


class _Server(uvicorn.Server):
    """Leaves the signals of the test run alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a free port, as in an installation; `127.0.0.1:port`."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(), name="server")
        while not server.started:
            if serving.done():
                raise RuntimeError("the server did not start")
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.should_exit = True


@contextmanager
def world_in_a_thread(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything served from a loop of its own, for tests that block; address, admin's token."""
    ready: list[tuple[str, str]] = []
    up, over = threading.Event(), threading.Event()

    async def live() -> None:
        database = Database(f"sqlite:///{folder}/main.sqlite")
        await database.create_all()
        world = World(database, folder / "archive")
        await world.given_everything()
        async with served(world.app) as address:
            ready.append((address, await world.token(Role.SUPERVISOR)))
            up.set()
            await asyncio.to_thread(over.wait)
        await database.close()

    def run() -> None:
        try:
            asyncio.run(live())
        finally:
            up.set()

    thread = threading.Thread(target=run, name="world")
    thread.start()
    try:
        up.wait(20)
        yield ready[0]
    finally:
        over.set()
        thread.join(20)
