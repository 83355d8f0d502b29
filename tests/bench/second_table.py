"""The second table: many calls, with Asterisk on one core and everything else on another."""

from statistics import geometric_mean, median

from tests.bench import crowds
from tests.bench.capacity import RECORDED, SET_UPS, THEN, Alone, alone, side_by_side
from tests.bench.climb import COUNTED_SECONDS, Ramp
from tests.bench.keys import key_to_prompt
from tests.bench.quality import ANSWER_MS, GAP_SECONDS, GAP_SHARE, PROMPT_MS
from tests.bench.results import Table

# Who comes first, side by side; and whose turn it is, alone.
FIRST = ("ours", "bare", "bare", "ours")
ALONE_RAMPS = ("ours", "bare", "bare", "ours")
SET_UPS_ROW, RECORDED_ROW = "call set-ups a second", "recorded calls at once"
GOALS = {
    f"{SET_UPS_ROW} a core carries, to bare Asterisk": ">= 0.90",
    f"{RECORDED_ROW} a core carries, to bare Asterisk": ">= 0.95",
    "key → prompt, more than bare Asterisk (ms)": "<= 20",
    f"{crowds.STORM}: events lost": "0",
    f"{crowds.OVERLOAD}: broken": "0",
}
NOTES = [
    "Asterisk has one core to itself; the generator (SIPp, A-law, 50 packets a second and call), "
    "our controller and the simulated city share the other. Both are told to take any number of "
    "calls. A caller hears the notice, finds no operator and leaves a message; what they say is "
    "recorded from the answer on.",
    f"Set-ups: calls of {SET_UPS.hold:.0f} s, {SET_UPS.rate} a second and {SET_UPS.rise} more each "
    f"second, until in two seconds running the answer takes more than {ANSWER_MS:.0f} ms (p95) or "
    "a call fails.",
    f"Recorded calls: {THEN[1]} more each second, once {THEN[0]} are up, until in two seconds "
    f"running the answer takes more than {ANSWER_MS:.0f} ms (p95), or a call fails, or two callers "
    f"in a row hear the notice later than {PROMPT_MS:.0f} ms after they dialled, or more than "
    f"{GAP_SHARE * 100:.0f} % of the tracks begin a gap of more than {GAP_SECONDS * 1000:.0f} ms "
    "in one second.",
    "A core carries: ours and the bare Asterisk have the core at the same moment, each with half "
    "of the calls. When something is no longer good the core is as good as full. For how many "
    "calls a whole core is enough follows from what those of each cost in the "
    f"{COUNTED_SECONDS:.0f} s before. {len(FIRST)} ramps a pair, ours the first of the two in half "
    "of them; of their ratios the geometric mean. Alone: the core has "
    f"one of the two; the median of {ALONE_RAMPS.count('ours')} ramps each, taking turns. How fast "
    "a core of this machine is depends on strangers and changes by a factor of two within "
    "seconds, so ramps alone differ by chance (ADR 31). Memory a live call: what was added over "
    "the ramps alone.",
    "Key → prompt: a wrong key during the invitation of [connect] to the sentence that says so; "
    "bare: Read and Playback. The key itself lasts 120 ms of it.",
    f"Storm: a city's busy hour is taken as 5 calls a second; ten times that for "
    f"{crowds.STORM_SECONDS} s. Lost: what the main database does not have of begin, leg, answer, "
    "track, end of the leg and end of each call that SIPp made.",
    f"More calls than lines: {crowds.CROWD} calls, max_calls {crowds.LINES}. Broken: not answered, "
    "ended by a lost line, or without a sealed recording. An hour under steady load, and what "
    "grows in it: steadiness.md.",
]


async def measure() -> None:
    """All pairs that are still to be measured."""
    table = Table("second", notes=NOTES)
    for _ in table.pairs_to_do():
        table.note(await _side_by_side(SET_UPS_ROW, SET_UPS))
        table.note(await _side_by_side(RECORDED_ROW, RECORDED))
        table.note(_set_ups_alone(await _alone(SET_UPS_ROW, SET_UPS)))
        table.note(_recorded_alone(await _alone(RECORDED_ROW, RECORDED)))
        table.note(await _keys())
        _say("a storm of calls")
        table.note(await crowds.storm())
        _say("more calls than lines")
        table.note(await crowds.overload())


async def _side_by_side(row: str, ramp: Ramp) -> dict[str, float]:
    _say(f"{row}, ours and bare side by side")
    found = []
    for first in FIRST:
        found.append(await side_by_side(ramp, ours_first=first == "ours"))
        one = found[-1]
        _say(f"{first} first: ours {one.ours:.1f}, bare {one.bare:.1f}, ended by {one.limit}")
    return {
        f"{row} a core carries, to bare Asterisk": geometric_mean(
            one.ours / one.bare for one in found
        ),
        f"{row} a core carries": median(one.ours for one in found),
        f"{row} a core carries, bare Asterisk": median(one.bare for one in found),
        f"{row}: how full the core is when it is no longer good": median(
            one.core_used for one in found
        ),
    }


async def _alone(row: str, ramp: Ramp) -> dict[str, list[Alone]]:
    _say(f"{row}, ours and bare alone")
    found: dict[str, list[Alone]] = {"ours alone": [], "bare Asterisk alone": []}
    for whose in ALONE_RAMPS:
        one = await alone(ramp, bare=whose == "bare")
        found["bare Asterisk alone" if whose == "bare" else "ours alone"].append(one)
        _say(f"{whose}: {one.calls} calls, {one.set_ups:.0f} a second, ended by {one.limit}")
    return found


def _set_ups_alone(found: dict[str, list[Alone]]) -> dict[str, float]:
    return {
        f"{SET_UPS_ROW}, {whose}": median(one.set_ups for one in ramps)
        for whose, ramps in found.items()
    }


def _recorded_alone(found: dict[str, list[Alone]]) -> dict[str, float]:
    ours, bare = found.values()
    return {
        f"{RECORDED_ROW}, ours alone": float(median(one.calls for one in ours)),
        f"{RECORDED_ROW}, bare Asterisk alone": float(median(one.calls for one in bare)),
        "memory a live call, Asterisk (MB)": median(one.asterisk_mb for one in ours),
        "memory a live call, bare Asterisk (MB)": median(one.asterisk_mb for one in bare),
        "memory a live call, controller (MB)": median(one.controller_mb for one in ours),
    }


async def _keys() -> dict[str, float]:
    _say("keys, ours and bare")
    ours, bare = await key_to_prompt()
    return {
        "key → prompt (ms)": ours,
        "key → prompt, bare Asterisk (ms)": bare,
        "key → prompt, more than bare Asterisk (ms)": ours - bare,
    }


def _say(what: str) -> None:
    print(f"  … {what}", flush=True)
