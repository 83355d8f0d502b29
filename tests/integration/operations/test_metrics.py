"""`/metrics`: what is counted, exactly, over restarts; who may read it; the alert rules."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from api.permissions import Role as ApiRole
from hotline.health.follow import follow
from hotline.health.tables import PartState
from hotline.metrics.collect import scrape
from hotline.metrics.totals import FOLLOWER, PROBE_NUMBER, count_fact
from hotline.owed.ledger import TICKET, TRANSCRIBE, owe
from hotline.owed.tables import OwedWork
from hotline.projection import project
from hotline.settings import ROOT
from store import journal
from store.base import now
from store.database import Database
from store.facts import Fact
from telephony import facts as f
from telephony.roles import Place, Role, RungOutcome
from tests.integration.api.routes.world import World

Samples = dict[str, float]


def parsed(text: bytes) -> Samples:
    """`name{label=value}` → value, as a scraper reads it."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def happened(database: Database, *facts: Fact) -> None:
    async with database.transaction() as session:
        for fact in facts:
            await journal.append(session, fact)
            await project(session, fact, {})
            await session.flush()


async def given_call(
    database: Database, name: str, *, answered_after: float | None = None, called: str = "12345",
    message: bool = False,
) -> None:  # fmt: skip
    start = now() - timedelta(seconds=100)
    leg = {"call_id": name, "leg_id": name, "role": Role.CITIZEN}
    facts: list[Fact] = [
        f.CallStarted(at=start, call_id=name, node="pbx", called=called),
        f.LegStarted(at=start, channel="PJSIP/1", **leg),
    ]
    if message:
        facts.append(f.LegMoved(at=start, place=Place.MESSAGE, **leg))
    if answered_after is not None:
        at = start + timedelta(seconds=answered_after)
        operator = {"call_id": name, "leg_id": f"{name}o", "role": Role.OPERATOR, "at": at}
        facts += [f.LegStarted(channel="PJSIP/2", **operator), f.LegAnswered(**operator)]
    facts.append(f.CallEnded(at=start + timedelta(seconds=60), call_id=name))
    await happened(database, *facts)


async def test_calls_are_counted_by_outcome_once_and_the_probes_not(database: Database) -> None:
    await given_call(database, "a", answered_after=3.0)
    await given_call(database, "b")
    assert await follow(database, FOLLOWER, count_fact) > 0
    # A new process goes on where the last one was.
    await given_call(database, "c", message=True)
    await given_call(database, "d", answered_after=45.0)
    await given_call(database, "e", answered_after=1.0, called=PROBE_NUMBER)
    await follow(database, FOLLOWER, count_fact)
    assert await follow(database, FOLLOWER, count_fact) == 0

    seen = parsed(await scrape(database))
    assert seen["hotline_calls_started_total"] == 4
    assert seen["hotline_calls_total{outcome=answered}"] == 2
    assert seen["hotline_calls_total{outcome=message}"] == 1
    assert seen["hotline_calls_total{outcome=abandoned}"] == 1
    assert seen["hotline_time_to_answer_seconds_count"] == 2
    assert seen["hotline_time_to_answer_seconds_bucket{le=5.0}"] == 1
    assert seen["hotline_time_to_answer_seconds_bucket{le=60.0}"] == 2
    assert seen["hotline_time_to_answer_seconds_sum"] == pytest.approx(48.0)
    assert seen["hotline_call_duration_seconds_count"] == 4


async def test_rungs_owed_work_and_what_parts_say(database: Database) -> None:
    await happened(
        database,
        *(
            f.RungOver(at=now(), call_id="a", request_id="r", rung=n, outcome=outcome)
            for n, outcome in enumerate((RungOutcome.BUSY, RungOutcome.BUSY, RungOutcome.JOINED))
        ),
    )
    said = {
        "ami": True, "asterisk": True, "live_calls": 3, "unforwarded": 7, "cel_unread_bytes": 12,
        "trunks": {"one": "up", "two": "down"}, "cel_skipped": 2,
    }  # fmt: skip
    async with database.transaction() as session:
        await owe(session, "a", TRANSCRIBE)
        await owe(session, "a", TICKET)
        await session.execute(update(OwedWork).where(OwedWork.stage == TICKET).values(state="dead"))
        session.add(PartState(part="controller", node="pbx", at=now(), detail=said))
        old = now() - timedelta(minutes=5)
        session.add(PartState(part="desk", node="pbx", at=old, detail={}))
    await follow(database, FOLLOWER, count_fact)

    seen = parsed(await scrape(database))
    assert seen["hotline_rungs_total{outcome=busy}"] == 2
    assert seen["hotline_rungs_total{outcome=joined}"] == 1
    assert seen["hotline_owed_work{stage=ticket,state=dead}"] == 1
    assert seen["hotline_owed_work{stage=transcribe,state=owed}"] == 1
    assert seen["hotline_part_up{node=pbx,part=controller}"] == 1
    assert seen["hotline_part_up{node=pbx,part=desk}"] == 0
    assert seen["hotline_ami_link_up{node=pbx}"] == 1
    assert seen["hotline_calls_live{node=pbx}"] == 3
    assert seen["hotline_forwarder_lag_facts{node=pbx}"] == 7
    assert seen["hotline_cel_records_skipped_total{node=pbx}"] == 2
    assert seen["hotline_trunk_up{node=pbx,trunk=one}"] == 1
    assert seen["hotline_trunk_up{node=pbx,trunk=two}"] == 0
    assert seen["hotline_database_up"] == 1


async def test_a_database_that_is_away_is_a_metric(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/main.sqlite")
    seen = parsed(await scrape(database))
    await database.close()
    assert seen["hotline_database_up"] == 0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = Database(f"sqlite:///{tmp_path}/main.sqlite")
    await database.create_all()
    world = World(database, tmp_path / "archive")
    yield world
    await database.close()


async def test_administrators_and_the_scrapers_token_may_read_it(world: World) -> None:
    parts = world.app.state.parts
    object.__setattr__(parts, "metrics_token", "the-scrapers-own")
    object.__setattr__(parts, "metrics", lambda: scrape(world.database))
    for role, expected in ((None, 401), (ApiRole.OPERATOR, 403), (ApiRole.ADMIN, 200)):
        async with world.client(role) as client:
            assert (await client.get("/metrics")).status_code == expected
    async with world.client() as client:
        for token, expected in (("the-scrapers-own", 200), ("another", 401), ("", 401)):
            answer = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == expected
        answer = await client.get("/metrics", headers={"Authorization": "Bearer the-scrapers-own"})
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert parsed(answer.content)["hotline_database_up"] == 1


async def test_the_alert_rules_name_metrics_and_headings_that_exist(database: Database) -> None:
    rules = yaml.safe_load((ROOT / "docs/alerts.yml").read_text("utf-8"))
    known = {
        word
        for line in (await scrape(database)).decode().splitlines()
        for word in re.findall(r"^# TYPE (\w+)", line)
    }
    # Families without a sample until there is one.
    known |= {"hotline_probe_ok"}
    headings = {
        "#" + re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in (ROOT / "docs/runbook.md").read_text("utf-8").splitlines()
        if line.startswith("## ")
    }
    names = set()
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        names.add(rule["alert"])
        assert rule["annotations"]["runbook"] in headings, rule["alert"]
        for metric in re.findall(r"\bhotline_\w+", rule["expr"]):
            family = re.sub(r"_bucket$", "", metric)
            assert family in known or f"{family}_total" in known, metric
    assert len(names) == sum(len(group["rules"]) for group in rules["groups"])
