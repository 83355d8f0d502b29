"""The second table: many calls, with Asterisk on one core and everything else on another."""

from tests.bench import crowds, ramp
from tests.bench.keys import key_to_prompt
from tests.bench.results import PAIRS, Table

GOALS = {
    "call set-ups a second, to bare Asterisk": ">= 0.90",
    "recorded calls at once on one core, to bare Asterisk": ">= 0.95",
    "key → prompt, more than bare Asterisk (ms)": "<= 20",
    "storm of 50 calls a second: calls without begin or end": "0",
    "1.5 times as many calls as lines: broken": "0",
}
NOTES = [
    "Asterisk has one core to itself; the generator (SIPp, A-law, 50 packets a second and call), "
    "our controller and the simulated city share the other. Both are told to take any number of "
    "calls.",
    f"Set-ups: calls of {ramp.SETUP_HOLD:.0f} s, {ramp.FIRST_RATE} a second and {ramp.RISE} more "
    f"each second, until in two seconds running the answer takes more than {ramp.ANSWER_MS:.0f} ms "
    "(p95) or a call fails.",
    f"Recorded calls: {ramp.CALL_RATE} more each second until a track misses more than 40 ms of "
    f"its tone or one more caller's notice begins later than {ramp.PROMPT_MS:.0f} ms; "
    f"{ramp.MOST_CALLS} are tried at most.",
    "Key → prompt: a wrong key during the invitation of [connect] to the sentence that says so; "
    "bare: Read and Playback.",
    f"Storm: a city's busy hour is taken as 5 calls a second; ten times that for "
    f"{crowds.STORM_SECONDS} s. Lost would be a call whose begin, answer or end the database does "
    "not know.",
    f"More calls than lines: {crowds.CROWD} calls, max_calls {crowds.LINES}. An hour under steady "
    "load, and what grows in it: reliability.md.",
]


async def measure() -> None:
    """All pairs."""
    table = Table("second", notes=NOTES)
    for pair in range(PAIRS):
        print(f"second table, pair {pair + 1} of {PAIRS}", flush=True)
        ours, bare = await ramp.set_ups(bare=False), await ramp.set_ups(bare=True)
        table.note(
            {
                "call set-ups a second": ours,
                "call set-ups a second, to bare Asterisk": ours / bare,
            }
        )
        ours, bare = await ramp.recorded_calls(bare=False), await ramp.recorded_calls(bare=True)
        table.note(
            {
                "recorded calls at once on one core": ours,
                "recorded calls at once on one core, to bare Asterisk": ours / bare,
            }
        )
        ours, bare = await key_to_prompt()
        table.note(
            {"key → prompt (ms)": ours, "key → prompt, more than bare Asterisk (ms)": ours - bare}
        )
        table.note(await crowds.storm())
        table.note(await crowds.overload())
        table.note(await crowds.memory())
