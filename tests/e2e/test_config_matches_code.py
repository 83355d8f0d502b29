"""Every context, queue and word of the dialplan that Python names exists there, and the reverse."""

import re

from telephony import dialplan
from telephony.ivr.reading import FLOW_WORDS
from tests.e2e.stage import given_stage

CONTEXTS = {
    dialplan.CONNECT, dialplan.ROOM, dialplan.ASIDE, dialplan.GOODBYE, dialplan.MONITORING,
    dialplan.DIAL_IN, dialplan.GREETING, dialplan.QUEUE_CONTEXT, dialplan.MESSAGE,
    dialplan.OPERATOR, dialplan.DESK, dialplan.TRANSFER, dialplan.TRANSFERRED,
    dialplan.RECORD_PROMPT, dialplan.DIALLED, dialplan.DOCTOR,
    dialplan.EMERGENCY, dialplan.AWAITING, dialplan.BACK_TO_QUEUE,
    dialplan.OVERFLOW, dialplan.CALL_BACK, dialplan.FULL_HOUSE, dialplan.RING_BACK,
    dialplan.DESK_REMEMBER, dialplan.PROBE,
}  # fmt: skip
# Reached from inside the dialplan only: Gosub and Goto targets and the hangup handler.
INNER = {
    "dial_in_wrong_number", "name_leg", "track", "hang_up", "place", "desk_phone", "desk_leave",
    "desk_not_signed_in",
}  # fmt: skip
SAID = {
    dialplan.CALL, dialplan.TRACK, dialplan.QUEUED, dialplan.UNQUEUED, dialplan.MESSAGE_OFFERED,
    dialplan.MESSAGE_STARTED, dialplan.ACCEPTED, dialplan.DECLINED, dialplan.WRONG_KEY,
    dialplan.NO_KEY, dialplan.NOBODY_JOINED, dialplan.IN_ROOM, dialplan.PUT_ASIDE,
    dialplan.MONITOR, dialplan.DIAL_OVER,
    dialplan.CALL_BACK_ASKED, dialplan.TURNED_AWAY, dialplan.RING_BACK_READY, dialplan.FEATURE,
    dialplan.SAID_GOODBYE, dialplan.WORDS_ASKED, dialplan.WORDS_HEARD,
}  # fmt: skip


async def test_names_agree_in_the_files_and_in_the_running_asterisk() -> None:
    async with given_stage(controller="none") as stage:
        etc = stage.installation.folder.etc
        extensions = (etc / "extensions.conf").read_text("utf-8")
        contexts = set(re.findall(r"^\[([a-z_]+)\]", extensions, re.M)) - {"general", "globals"}
        assert contexts == CONTEXTS | INNER
        assert set(re.findall(r"CELGenUserEvent\(([A-Z_]+)", extensions)) == SAID
        queues = set(re.findall(r"^\[([a-z_]+)\]", (etc / "queues.conf").read_text(), re.M))
        skills = {dialplan.SKILL_QUEUE.format(skill) for skill in stage.settings.skills}
        assert (
            queues - {"general", "offered"}
            == {dialplan.QUEUE, dialplan.GUIDES, dialplan.PROBE} | skills
        )
        endpoints = (etc / "pjsip.conf").read_text()
        assert f"[{dialplan.TRUNK}]" in endpoints
        assert set(re.findall(r"^context = (\w+)", endpoints, re.M)) == {
            dialplan.DIAL_IN,
            dialplan.DESK,
        }

        running = await stage.pbx.command("dialplan show")
        for context in CONTEXTS | INNER:
            assert f"Context '{context}'" in running
        # Whatever a Goto or Gosub names exists.
        for target in re.findall(r"(?:Goto|Gosub|\?)\(?([a-z_]+),s,", extensions):
            assert target in contexts, target
        # What flows say, and only that, is read; where they go exists; what they say is there.
        flows = "".join(path.read_text("utf-8") for path in (etc / "flows").glob("*.conf"))
        assert set(re.findall(r"CELGenUserEvent\(([A-Z_]+)", flows)) == FLOW_WORDS
        assert set(re.findall(r"Goto\(([a-z_]+),s,1\)", flows)) <= contexts
        for prompt in re.findall(r"\$\{SAY\}/([a-z_]+)", flows):
            for language in ("zh", "en"):
                sound = stage.installation.folder.sounds / language / f"{prompt}.wav"
                assert sound.is_file(), sound
        # Every prompt that is said is there as a file.
        for prompt in re.findall(r"\$\{SAY\}/([a-z_]+)", extensions):
            assert (stage.installation.folder.sounds / "zh" / f"{prompt}.wav").is_file(), prompt


async def test_no_way_out_for_a_stranger_or_a_desk_phone() -> None:
    async with given_stage(controller="none") as stage:
        etc = stage.installation.folder.etc
        extensions = (etc / "extensions.conf").read_text("utf-8")
        # One place dials, which only a flow names: [transfer].
        head, transfer, rest = re.split(
            r"^\[transfer\]\n(?s:(.*?))^(?=; ----)", extensions, flags=re.M
        )
        assert transfer.count("Dial(") == 1
        assert not re.search(r"\btransfer[,^]", head + rest)
        assert not re.search(r"\bDial\(|Originate\(|System\(|Transfer\(", head + rest)
        assert "anonymous" not in (etc / "pjsip.conf").read_text()
        manager = (etc / "manager.conf").read_text()
        assert re.search(r"^bindaddr = 127\.0\.0\.1$", manager, re.M)
        [write] = re.findall(r"^write = (.*)$", manager, re.M)
        assert not {"system", "command", "config", "all"} & set(write.split(","))
