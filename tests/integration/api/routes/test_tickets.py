"""Tickets at the interface: suggestions answered, the steps of a life, who may see and do what."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.permissions import MATRIX, Role
from api.tables import User
from api.visible import SEES_LISTENERS
from casework.suggestions.keeping import keep
from casework.suggestions.reading import own_words
from casework.suggestions.suggest import suggest
from casework.tickets.life import Terms
from casework.tickets.tables import Ticket
from casework.tickets.workdays import end_of_workday
from tests.integration.api.routes.world import CALL, World, user_id
from transcription.keep import keep_transcript
from transcription.words import Timeline, Utterance, Word


async def given_suggestions(world: World, said: str = "商家哄抬口罩价格，在荔城区") -> str:
    """A ticket with what these words speak for."""
    number = await world.given_ticket()
    async with world.database.transaction() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        words = own_words()
        await keep(session, ticket, suggest(words, [("citizen", said)]), words.stamp)
    return number


async def given_liaison_of(world: World, unit_id: str) -> None:
    await world.token(Role.LIAISON)
    async with world.database.transaction() as session:
        (await session.get_one(User, user_id(Role.LIAISON))).unit_id = unit_id


def path(number: str, *more: str) -> str:
    return "/".join(["/api/v1/tickets", number, *more])


async def test_suggestions_are_shown_with_their_reasons_and_narrow_the_list(world: World) -> None:
    number = await given_suggestions(world)
    async with world.client(Role.OPERATOR) as client:

        async def found(only: dict[str, str]) -> list[str]:
            page = (await client.get("/api/v1/tickets", params=only)).json()
            return [line["number"] for line in page["tickets"]]

        ticket = (await client.get(path(number))).json()
        listed = {
            name: await found(only)
            for name, only in {
                "unit": {"unit": "market"}, "other": {"unit": "police"},
                "calm": {"urgency": "normal"}, "urgent": {"urgency": "urgent"},
            }.items()
        }  # fmt: skip
    unit = next(s for s in ticket["suggestions"] if s["field"] == "unit")
    assert (unit["suggested"], unit["answer"], unit["words"]) == (
        ["market"], None, own_words().stamp,
    )  # fmt: skip
    assert unit["candidates"][0]["name"] == "市场监管局"
    assert {"哄抬", "价格"} <= {r["word"] for r in unit["candidates"][0]["reasons"]}
    assert ticket["suggested"]["district"] == ["荔城区"]
    assert (ticket["status"], ticket["unit_id"]) == ("open", None), "never dispatched by itself"
    assert listed == {"unit": [number], "other": [], "calm": [number], "urgent": []}


async def test_an_answer_is_a_fact_with_a_name_and_once(world: World) -> None:
    number = await given_suggestions(world)
    async with world.client(Role.OPERATOR) as client:
        for _ in range(2):
            accepted = await client.post(
                path(number, "suggestions", "category"), json={"answer": "accept"}
            )
        changed = await client.post(
            path(number, "suggestions", "unit"), json={"answer": "change", "values": ["police"]}
        )
        found = (await client.get("/api/v1/tickets", params={"unit": "police"})).json()["tickets"]
    assert (accepted.json()["answer"], accepted.json()["chosen"]) == ("accept", ["market/price"])
    assert (changed.json()["suggested"], changed.json()["chosen"]) == (["market"], ["police"])
    assert [t["suggested"]["unit"] for t in found] == [["police"]]
    facts = await world.facts("suggestion_answered")
    assert [(f["field"], f["answer"], f["chosen"], f["by"]) for f in facts] == [
        ("category", "accept", ["market/price"], user_id(Role.OPERATOR)),
        ("unit", "change", ["police"], user_id(Role.OPERATOR)),
    ]
    assert {f["words"] for f in facts} == {own_words().stamp}


@pytest.mark.parametrize(
    ("field", "values", "status"),
    [
        ("unit", ["moon"], 422), ("unit", [], 422), ("unit", ["market", "police"], 422),
        ("urgency", ["now"], 422), ("district", [], 200), ("topics", [], 200),
        ("topics", ["campus", "food_safety"], 200), ("colour", ["red"], 422),
    ],
)  # fmt: skip
async def test_only_what_the_word_list_knows_can_be_chosen(
    sqlite_world: World, field: str, values: list[str], status: int
) -> None:
    number = await given_suggestions(sqlite_world)
    async with sqlite_world.client(Role.OPERATOR) as client:
        body = {"answer": "change", "values": values}
        answer = await client.post(path(number, "suggestions", field), json=body)
        choices = (await client.get("/api/v1/suggestions/choices")).json()
    assert answer.status_code == status, answer.text
    assert choices["unit"]["market"] == "市场监管局"


async def test_where_nothing_was_suggested_one_can_choose_but_not_accept(world: World) -> None:
    number = await world.given_ticket()
    async with world.client(Role.OPERATOR) as client:
        unit = path(number, "suggestions", "unit")
        accepted = await client.post(unit, json={"answer": "accept"})
        chosen = await client.post(unit, json={"answer": "change", "values": ["market"]})
        found = (await client.get("/api/v1/tickets", params={"unit": "market"})).json()["tickets"]
    assert (accepted.status_code, chosen.status_code) == (409, 200)
    assert (chosen.json()["suggested"], chosen.json()["chosen"]) == ([], ["market"])
    assert [t["suggested"] for t in found] == [{"unit": ["market"]}]
    facts = await world.facts("suggestion_answered")
    assert [(f["answer"], f["chosen"], f["words"]) for f in facts] == [("change", ["market"], "")]


async def test_what_an_operator_calls_urgent_is_due_in_hours_at_once(world: World) -> None:
    """
    what is done                       | due
    added by hand, nothing suggested   | after the city's 3 work days
    called urgent                      | 5 hours after it was opened
    dispatched                         | 5 hours after that
    called normal                      | a work day after it was dispatched
    closed, and called urgent          | never
    """
    terms = Terms(dispatch_days=3, urgent_resolve_hours=5)
    world.app.state.parts = replace(world.app.state.parts, terms=terms)
    await world.given_call(ended=True)
    await world.given_ticket()
    async with world.client(Role.OPERATOR) as client:
        matter = {"title": "燃气泄漏"}
        added = (await client.post(f"/api/v1/calls/{CALL}/tickets", json=matter)).json()
        number = added["number"]

        async def called(level: str) -> Any:
            body = {"answer": "change", "values": [level]}
            answer = await client.post(path(number, "suggestions", "urgency"), json=body)
            assert answer.status_code == 200, answer.text
            return (await client.get(path(number))).json()

        urgent = await called("urgent")
        unit = {"unit_id": "market"}
        dispatched = (await client.post(path(number, "dispatch"), json=unit)).json()
        normal = await called("normal")
        await client.post(path(number, "sign"), json={})
        await client.post(path(number, "resolve"), json={"note": "已关阀"})
        await client.post(path(number, "call-back"), json={"solved": True})
        closed = await called("urgent")
    opened, taken = moment(added["opened_at"]), moment(dispatched["steps"][0]["at"])
    assert moment(added["due_at"]) == end_of_workday(opened, 3)
    assert moment(urgent["due_at"]) == opened + timedelta(hours=5)
    assert moment(dispatched["due_at"]) == taken + timedelta(hours=5)
    assert moment(normal["due_at"]) == end_of_workday(taken, 1)
    assert (closed["status"], closed["due_at"]) == ("closed", None)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


LIFE: list[tuple[str, dict[str, Any], str]] = [
    ("dispatch", {"unit_id": "market"}, "dispatched"),
    ("return", {"note": "不属于本单位职责"}, "open"),
    ("dispatch", {"unit_id": "city_management"}, "dispatched"),
    ("sign", {}, "signed"),
    ("resolve", {"note": "已整改"}, "resolved"),
    ("call-back", {"solved": False, "note": "还是不亮"}, "reopened"),
    ("dispatch", {"unit_id": "city_management"}, "dispatched"),
    ("sign", {}, "signed"),
    ("resolve", {"note": "已更换灯泡"}, "resolved"),
    ("call-back", {"solved": True}, "closed"),
    ("reopen", {"note": "又坏了"}, "reopened"),
]


async def test_a_whole_life(world: World) -> None:
    number = await world.given_ticket()
    async with world.client(Role.OPERATOR) as client:
        for step, body, status in LIFE:
            answer = await client.post(path(number, step), json=body)
            assert (answer.status_code, answer.json()["status"]) == (200, status), answer.text
            assert (answer.json()["due_at"] is None) is (status == "closed")
        ticket = (await client.get(path(number))).json()
        wrong = await client.post(path(number, "sign"), json={})
    assert [s["step"].replace("_", "-") for s in ticket["steps"]] == [step for step, *_ in LIFE]
    assert (ticket["reopened"], ticket["steps"][1]["note"]) == (2, "不属于本单位职责")
    assert (wrong.status_code, wrong.json()["reason"]) == (409, "reopened")
    facts = await world.facts("ticket_moved")
    assert [f["status"] for f in facts] == [status for *_, status in LIFE]
    assert "灯泡" not in str(facts), "a fact holds ids, no words of anybody"


async def test_the_same_key_takes_a_step_and_adds_a_matter_once(world: World) -> None:
    await world.given_call(ended=True)
    number = await world.given_ticket()
    key = {"Idempotency-Key": "press-1"}
    async with world.client(Role.OPERATOR) as client:
        steps = await asyncio.gather(
            *(
                client.post(path(number, "dispatch"), json={"unit_id": "market"}, headers=key)
                for _ in range(5)
            )
        )
        other = await client.post(path(number, "dispatch"), json={"unit_id": "police"}, headers=key)
        matters = await asyncio.gather(
            *(
                client.post(f"/api/v1/calls/{CALL}/tickets", json={"title": "路灯"}, headers=key)
                for _ in range(5)
            )
        )
        another = await client.post(
            f"/api/v1/calls/{CALL}/tickets", json={"title": "井盖"}, headers=key
        )
    assert {s.status_code for s in steps} == {200}
    assert {m.status_code for m in matters} == {201}
    assert len({m.json()["number"] for m in matters}) == 1
    assert len(await world.facts("ticket_moved")) == 1
    assert (other.status_code, another.status_code) == (409, 409)


async def test_a_liaison_sees_and_works_on_their_own_unit_s_tickets_alone(world: World) -> None:
    number = await world.given_ticket()
    await given_liaison_of(world, "market")
    async with world.client(Role.OPERATOR) as operator, world.client(Role.LIAISON) as liaison:

        async def seen() -> tuple[int, int, int]:
            listed = (await liaison.get("/api/v1/tickets")).json()["tickets"]
            one = await liaison.get(path(number))
            signed = await liaison.post(path(number, "sign"), json={})
            return len(listed), one.status_code, signed.status_code

        assert await seen() == (0, 404, 404)
        await operator.post(path(number, "dispatch"), json={"unit_id": "police"})
        assert await seen() == (0, 404, 404)
        await operator.post(path(number, "return"), json={"note": "派错了"})
        await operator.post(path(number, "dispatch"), json={"unit_id": "market"})
        assert await seen() == (1, 200, 200)
        ticket = (await liaison.get(path(number))).json()
        assert (await liaison.post(path(number, "dispatch"), json={})).status_code == 403
    assert ticket["caller_number"] == "138****0001"


async def test_a_liaison_who_returns_a_ticket_twice_with_one_key_hears_that_it_is_done(
    sqlite_world: World,
) -> None:
    number = await sqlite_world.given_ticket()
    await given_liaison_of(sqlite_world, "market")
    key = {"Idempotency-Key": "press-1"}
    async with (
        sqlite_world.client(Role.OPERATOR) as operator, sqlite_world.client(Role.LIAISON) as liaison
    ):  # fmt: skip
        await operator.post(path(number, "dispatch"), json={"unit_id": "market"})
        body = {"note": "不属于本单位"}
        answers = [await liaison.post(path(number, "return"), json=body, headers=key) for _ in "ab"]
        assert (await liaison.get(path(number))).status_code == 404
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(await sqlite_world.facts("ticket_moved")) == 2


async def test_nobody_of_no_unit_is_a_liaison_of_all(sqlite_world: World) -> None:
    await sqlite_world.given_ticket()
    async with sqlite_world.client(Role.LIAISON) as client:
        assert (await client.get("/api/v1/tickets")).json()["tickets"] == []


async def test_an_unknown_unit_gets_nothing(sqlite_world: World) -> None:
    number = await sqlite_world.given_ticket()
    async with sqlite_world.client(Role.OPERATOR) as client:
        answer = await client.post(path(number, "dispatch"), json={"unit_id": "moon"})
        strange = await client.post(path("PT20200101-000001", "sign"), json={})
    assert (answer.status_code, strange.status_code) == (404, 404)


# -- what a supervisor whispered ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "hears"),
    [
        (Role.OPERATOR, False), (Role.EDITOR, False), (Role.SUPERVISOR, True),
        (Role.AUDITOR, True),
    ],
)  # fmt: skip
async def test_a_whisper_is_read_by_those_alone_who_may_know_of_it(
    sqlite_world: World, role: Role, hears: bool
) -> None:
    await sqlite_world.given_call(ended=True)
    said = (("citizen", "路灯不亮"), ("supervisor", "让他登记一下"), ("operator", "我登记一下"))
    timeline = Timeline(
        utterances=tuple(
            Utterance(
                leg_id=who, role=who, start=n, end=n + 1, text=text,
                words=(Word(text=text, start=n, end=n + 1, confidence=0.9),),
            )
            for n, (who, text) in enumerate(said)
        ),
        engine="vosk", model="test", why="测试用", language="zh",
    )  # fmt: skip
    async with sqlite_world.database.transaction() as session:
        await keep_transcript(session, CALL, timeline)
    async with sqlite_world.client(role) as client:
        answer = await client.get(f"/api/v1/calls/{CALL}/transcript")
    assert ("让他登记一下" in answer.text) is hears
    assert [u["role"] for u in answer.json()["utterances"]] == [
        who for who, _ in said if hears or who != "supervisor"
    ]


@pytest.mark.parametrize("route", ["get_recording", "get_recording_file", "get_track", "get_mix"])
def test_tracks_are_opened_by_those_alone_who_may_hear_a_whisper(route: str) -> None:
    assert (MATRIX[route] or frozenset(Role)) <= SEES_LISTENERS
