"""The second table: many calls, with Asterisk on one core and everything else on another."""

from statistics import median

from tests.bench import crowds, ramp
from tests.bench.keys import key_to_prompt
from tests.bench.results import Table

# From about 300 calls on Asterisk's core has no time left; which call is the first to suffer then,
# and how soon, is chance: one ramp ends anywhere between 350 and 550, one of set-ups anywhere
# between 100 and 165. Ours and bare take turns.
RAMPS = ("ours", "bare", "bare", "ours", "ours", "bare")
GOALS = {
    "call set-ups a second, to bare Asterisk": ">= 0.90",
    "recorded calls at once on one core, to bare Asterisk": ">= 0.95",
    "key → prompt, more than bare Asterisk (ms)": "<= 20",
    f"{crowds.STORM}: events lost": "0",
    f"{crowds.OVERLOAD}: broken": "0",
}
NOTES = [
    "Asterisk has one core to itself, before all other programs (SCHED_RR); the generator (SIPp, "
    "A-law, 50 packets a second and call; likewise), our controller and the simulated city share "
    "the other. Both are told to take any number of calls. A caller hears the notice, finds no "
    "operator and leaves a message; what they say is recorded from the answer on.",
    f"Set-ups: calls of {ramp.SETUP_HOLD:.0f} s, {ramp.FIRST_RATE} a second and {ramp.RISE} more "
    f"each second, until in two seconds running the answer takes more than {ramp.ANSWER_MS:.0f} ms "
    "(p95) or a call fails. The median of 3 ramps each, taking turns.",
    f"Recorded calls: {ramp.CALL_RATE} more each second ({ramp.MOST_CALLS} at most), until in two "
    f"seconds running the answer takes more than {ramp.ANSWER_MS:.0f} ms (p95), or a call fails, "
    f"or two callers in a row hear the notice later than {ramp.PROMPT_MS:.0f} ms after they "
    f"dialled, or more than {ramp.GAP_SHARE * 100:.0f} % of the tracks begin a gap of more than "
    f"{ramp.GAP_SECONDS * 1000:.0f} ms in one second. The median of "
    f"{RAMPS.count('ours')} ramps each, taking turns. Memory a live call: what was added over the "
    "same ramps.",
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
        table.note(await _set_ups())
        table.note(await _recorded_calls())
        table.note(await _keys())
        _say("a storm of calls")
        table.note(await crowds.storm())
        _say("more calls than lines")
        table.note(await crowds.overload())


async def _set_ups() -> dict[str, float]:
    _say("call set-ups, ours and bare")
    reached: dict[str, list[float]] = {"ours": [], "bare": []}
    for whose in RAMPS:
        reached[whose].append(await ramp.set_ups(bare=whose == "bare"))
        _say(f"{whose}: {reached[whose][-1]:.0f}")
    ours, bare = median(reached["ours"]), median(reached["bare"])
    return {
        "call set-ups a second": ours,
        "call set-ups a second, bare Asterisk": bare,
        "call set-ups a second, to bare Asterisk": ours / bare,
    }


async def _recorded_calls() -> dict[str, float]:
    _say("recorded calls, ours and bare")
    carried: dict[str, list[ramp.Carried]] = {"ours": [], "bare": []}
    for whose in RAMPS:
        carried[whose].append(await ramp.recorded_calls(bare=whose == "bare"))
        _say(f"{whose}: {carried[whose][-1].calls:.0f}, ended by: {carried[whose][-1].limit}")
    ours, bare = carried["ours"], carried["bare"]
    ours_calls, bare_calls = median(c.calls for c in ours), median(c.calls for c in bare)
    return {
        "recorded calls at once on one core": ours_calls,
        "recorded calls at once on one core, bare Asterisk": bare_calls,
        "recorded calls at once on one core, to bare Asterisk": ours_calls / bare_calls,
        "memory a live call, Asterisk (MB)": median(c.asterisk_mb for c in ours),
        "memory a live call, bare Asterisk (MB)": median(c.asterisk_mb for c in bare),
        "memory a live call, controller (MB)": median(c.controller_mb for c in ours),
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
