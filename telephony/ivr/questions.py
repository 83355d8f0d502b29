"""Room telephony/ivr: answers the single questions that flows ask over FastAGI.

Asterisk connects, tells who asks what, and is answered by one variable, set as the last
thing we do. Whatever goes wrong here, the caller is led on by the dialplan within 2 s:
it looks at that variable alone, so no answer, half an answer and nobody there are the same.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from telephony import dialplan

log = structlog.get_logger()

# Longer than this nobody waits: see `Ask.seconds`.
WITHIN_SECONDS = 1.9
TRY_AGAIN_SECONDS = 5.0
MOST_HEADERS = 80
ANSWER = re.compile(r"[a-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Question:
    """What a flow asks: `about` stands in the flow, `digits` were typed by the caller."""

    name: str
    call_id: str
    about: str
    digits: str


Answers = Mapping[str, Callable[[Question], Awaitable[str]]]
"""By question: who answers it, with one word of the flow's `answers`."""


class BadQuestion(ValueError):
    """Not what Asterisk's AGI() sends."""


class Questions:
    """The server. `await run()` until cancelled."""

    def __init__(self, port: int, answers: Answers) -> None:
        self._port = port
        self._answers = answers
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """A taken port is told and tried again: calls go on without answers."""
        while True:
            try:
                server = await asyncio.start_server(self._asked, "127.0.0.1", self._port)
            except OSError as error:
                log.error("questions_not_answered", port=self._port, reason=str(error))
                await asyncio.sleep(TRY_AGAIN_SECONDS)
                continue
            try:
                await server.serve_forever()
            finally:
                server.close()
                for task in self._asking:
                    task.cancel()
                await asyncio.gather(*self._asking, return_exceptions=True)

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        question: Question | None = None
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                question = await read_question(reader)
                await self._answer(question, reader, writer)
        except TimeoutError:
            log.warning("question_too_late", **_about(question))
        except (OSError, EOFError, ValueError) as error:  # a line without end is a ValueError
            log.warning("question_broken", reason=str(error), **_about(question))
        except Exception:
            # The edge: one question's failure is that question's alone.
            log.exception("question_failed", **_about(question))
        finally:
            writer.close()

    async def _answer(
        self, question: Question, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        answerer = self._answers.get(question.name)
        if answerer is None:
            raise BadQuestion(f"nobody answers {question.name!r}")
        answer = await answerer(question)
        if not ANSWER.fullmatch(answer):
            raise BadQuestion(f"not a word: {answer!r}")
        writer.write(f'SET VARIABLE {dialplan.FLOW_ANSWER} "{answer}"\n'.encode())
        await writer.drain()
        reply = await reader.readline()
        if not reply.startswith(b"200"):
            raise BadQuestion(f"Asterisk said {reply[:80]!r}")
        log.info("question_answered", answer=answer, **_about(question))


async def read_question(reader: asyncio.StreamReader) -> Question:
    """The headers up to the empty line, as a question; `BadQuestion`, `EOFError`."""
    headers: dict[str, str] = {}
    for _ in range(MOST_HEADERS):
        line = await reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the connection ended among the headers")
        text = line.decode("utf-8", "replace").strip()
        if not text:
            return _question(headers)
        name, _, value = text.partition(":")
        headers[name.strip()] = value.strip()
    raise BadQuestion("too many headers")


def _question(headers: Mapping[str, str]) -> Question:
    name = headers.get("agi_network_script", "")
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", name):
        raise BadQuestion(f"no question: {name[:40]!r}")
    return Question(
        name=name,
        call_id=headers.get("agi_accountcode", ""),
        about=headers.get("agi_arg_1", ""),
        digits=re.sub(r"[^0-9*]", "", headers.get("agi_arg_2", "")),
    )


def _about(question: Question | None) -> dict[str, str]:
    if question is None:
        return {}
    return {"question": question.name, "call_id": question.call_id}
