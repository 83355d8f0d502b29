"""The server that answers flows: what Asterisk sends, what it never may send, who is slow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from telephony.asterisk.ports import free_port
from telephony.ivr import questions
from telephony.ivr.questions import Question, Questions
from tests.integration.store.waiting import until

ASKED = (
    b"agi_network: yes\nagi_network_script: progress\nagi_accountcode: pbx-1.2\n"
    b"agi_arg_1: \nagi_arg_2: 2026#1124\n\n"
)


async def right(question: Question) -> str:
    return "received" if question == Question("progress", "pbx-1.2", "", "20261124") else "wrong"


async def never(question: Question) -> str:
    await asyncio.Event().wait()
    return "late"


async def breaks(question: Question) -> str:
    raise RuntimeError("the answerer is broken")


async def no_word(question: Question) -> str:
    return 'x"\nHANGUP'


@asynccontextmanager
async def answering(answer: Callable[[Question], Awaitable[str]]) -> AsyncIterator[int]:
    port = free_port("127.0.0.1", 1)
    task = asyncio.create_task(Questions(port, {"progress": answer}).run())
    try:
        await until(lambda: listens(port), 5)
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def ask(port: int, text: bytes, reply: bytes = b"200 result=1\n") -> bytes:
    """What the server sends until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text + reply)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:  # closed upon us before all was read
        return b""
    finally:
        writer.close()


async def test_a_question_is_answered_by_one_variable() -> None:
    async with answering(right) as port:
        assert await ask(port, ASKED) == b'SET VARIABLE FLOW_ANSWER "received"\n'


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (breaks, ASKED),
        (no_word, ASKED),
        (right, ASKED.replace(b"progress", b"weather")),
        (right, ASKED.replace(b"progress", b"../etc")),
        (right, b"GET / HTTP/1.1\r\n\r\n"),
        (right, b"\n"),
        (right, b"a: b\n" * 200 + b"\n"),
        (right, b"\xff" * 70_000),
    ],
)
async def test_nothing_is_said_where_nothing_is_right(
    answer: Callable[[Question], Awaitable[str]], text: bytes
) -> None:
    async with answering(answer) as port:
        assert await ask(port, text, b"") == b""
        # …and the next one is answered.
        assert await listens(port)


async def test_whoever_is_slow_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "WITHIN_SECONDS", 0.2)
    async with answering(never) as port:
        assert await ask(port, ASKED) == b""
        assert await ask(port, ASKED[:20], b"") == b""


async def test_a_taken_port_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "TRY_AGAIN_SECONDS", 0.05)
    port = free_port("127.0.0.1", 1)
    squatter = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
    task = asyncio.create_task(Questions(port, {"progress": right}).run())
    try:
        with capture_logs() as told:

            async def found_taken() -> bool:
                return bool(told)

            await until(found_taken, 5)
        assert told[0]["event"] == "questions_not_answered"
        squatter.close()
        await squatter.wait_closed()

        async def answered() -> bool:
            try:
                return b"received" in await ask(port, ASKED)
            except OSError:
                return False

        await until(answered, 5)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
