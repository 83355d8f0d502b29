"""Every bad call that is tried: the story, what must happen, and the test that tries it.

`docs/bad-calls.md` holds the same table; `test_stories.py` compares the two, and both with
the tests there are. After a change: `python -m tests.e2e.bad_calls.stories`.
"""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "bad-calls.md"
HEAD = "| the story | what must happen | test in `tests/e2e/bad_calls/` |\n| --- | --- | --- |\n"


@dataclass(frozen=True)
class Story:
    """`test`: file without `test_`, then the function without it: `names: a_withheld_…`."""

    told: str
    must: str
    file: str
    test: str

    def row(self) -> str:
        return f"| {self.told} | {self.must} | `test_{self.file}.py::test_{self.test}` |\n"


STORIES = (
    Story(
        "no common codec", "488 before any answer; no channel, no row",
        "signalling", "no_common_codec_is_refused_with_488_and_leaves_nothing",
    ),
    Story(
        "no common codec, and an engineer who wants to know",
        "log, fact and count name the trunk and the codecs it offered; other refusals are none",
        "no_codec", "a_call_without_a_common_codec_is_told_with_its_trunk_and_codecs",
    ),
    Story(
        "garbage, oversize, a Content-Length that lies, from the trunk's own address",
        "two who talk hear each other on; what was read as a call ends as one",
        "signalling", "malformed_and_oversize_packets_do_not_disturb_a_call",
    ),
    Story(
        "the same INVITE forty times, the same BYE six times", "one call",
        "signalling", "an_invite_sent_again_and_again_is_one_call",
    ),
    Story(
        "a stranger whose every header names the trunk",
        "asked for a password; no call; in the security log",
        "signalling", "a_stranger_who_spoofs_the_trunk_reaches_nobody",
    ),
    Story(
        "a call of no length; thirty re-INVITEs in a row",
        "ended in order; a ticket each, also where no word could be recorded",
        "signalling", "odd_but_lawful_calls_end_in_order",
    ),
    Story(
        "an answer that is never acknowledged", "hung up by SIP's own clock, 32 s",
        "signalling", "an_answer_nobody_acknowledges_ends_by_itself",
    ),
    Story(
        "CANCEL in the same breath as the INVITE", "487, or answered and ended; nothing left",
        "cancels", "cancel_in_the_same_breath_as_the_invite",
    ),
    Story(
        "the citizen leaves while the operator is rung",
        "the ringing stops; ticket `abandoned`",
        "cancels", "hanging_up_while_the_operator_is_rung_stops_the_ringing",
    ),
    Story(
        "the citizen leaves while a liaison is rung",
        "the ringing stops, the deputy is not rung, one ticket",
        "cancels", "hanging_up_while_a_liaison_is_rung_stops_the_ringing_and_the_ladder",
    ),
    Story(
        "BYE and answer meet", "everybody is hung up, the operator is free again",
        "cancels", "hanging_up_in_the_moment_of_the_answer",
    ),
    Story(
        "SQL, `${SHELL()}`, manager actions, forged event lines, 300 letters, bytes that are no"
        " UTF-8, NUL in name and number",
        "text everywhere; every live call is found again after a lost link; nobody is rung",
        "names", "hostile_names_and_numbers_are_text_everywhere",
    ),
    Story(
        "anonymous, the number only in P-Asserted-Identity", "served; the number is kept nowhere",
        "names", "a_withheld_number_is_served_and_stays_withheld",
    ),
    Story(
        "the citizen's phone sends no sound at all",
        "the call goes on; the track keeps time or tells its gap",
        "media", "a_citizen_who_sends_no_sound_at_all_is_served_and_recorded_in_time",
    ),
    Story(
        "INFO with keys that are none", "the call goes on",
        "media", "junk_instead_of_keys_changes_nothing",
    ),
    Story(
        "fifty keys a second through greeting and queue", "still queued; an operator is rung",
        "media", "a_flood_of_keys_in_greeting_and_queue_keeps_the_caller",
    ),
    Story(
        "a manager link that stands and is dead",
        "noticed within seconds; nobody rung twice, the ladder climbs where nobody was",
        "link", "a_half_open_link_is_noticed_and_nobody_is_rung_twice",
    ),
    Story(
        "2,000 events a second for ten seconds beside a three-way call",
        "every event read, a fourth joins, as quick as before afterwards",
        "link", "an_event_storm_in_a_three_way_call_loses_nothing",
    ),
    Story(
        "the feed's token expires", "closed with 4401; resumed without a hole after signing in",
        "interface", "a_feed_whose_token_expires_is_closed_with_a_code_and_resumed",
    ),
    Story(
        "ranges of a recording that do not exist", "416 with the size, or the whole file",
        "interface",
        "ranges_of_a_real_recording_that_do_not_exist_are_answered_as_the_rules_say",
    ),
    Story(
        "a damaged speech model", "the ticket is opened and says so; the words follow",
        "files", "a_damaged_speech_model_delays_the_words_and_never_the_ticket",
    ),
    Story(
        "not one prompt file", "the caller reaches a person; the log names the file",
        "files", "without_a_single_prompt_file_callers_still_reach_a_person",
    ),
    Story(
        "a roster whose shifts overlap", "refused by line; the old one rings on",
        "files", "an_overlapping_roster_is_refused_by_line_and_the_old_one_stays",
    ),
    Story(
        "the controller's clock jumps an hour, either way, in a call",
        "no ring cut short, offsets within the call, one ticket at once",
        "clock", "a_controller_whose_clock_jumps_an_hour_skips_no_ring_and_loses_nothing",
    ),
    Story(
        "Asterisk's own clock jumps an hour, either way, in a call",
        "every second of sound kept and laid where it was spoken; manifest, ticket and alarm"
        " say so",
        "asterisk_clock",
        "tracks_lie_where_they_were_spoken_though_asterisks_clock_was_stepped",
    ),
    Story(
        "Asterisk's own clock jumps while a citizen waits",
        "forward, the queue's time is up: a message can be left; back, the operator is"
        " rung on, and answers",
        "asterisk_clock",
        "who_waits_while_asterisks_clock_is_stepped_reaches_a_person_or_a_message",
    ),
    Story(
        "not one byte left on the disk, in a call and for a new one",
        "people talk on, the new caller is answered; with room again the controller catches up,"
        " seals, tells the gaps; one ticket each, both databases whole",
        "disk", "a_full_disk_drops_nobody_and_is_told_afterwards",
    ),
    Story(
        "the disk fills twice, and calls come in meanwhile",
        "the reserve is given up part by part; each call has its row and ticket while the disk is"
        " full, the second says that its recording is incomplete; with room all is as before",
        "disk", "calls_in_a_full_disk_leave_rows_and_tickets_out_of_the_reserve",
    ),
    Story(
        "94 %, 96 %, room again", "no alarm, one alarm, well again",
        "disk", "at_ninety_five_percent_one_alarm_and_it_clears_when_there_is_room",
    ),
    Story(
        "200 calls at once where 60 are allowed",
        "60 queued, 140 told and owed a call each, nothing left",
        "overload", "two_hundred_at_once_sixty_served_the_rest_told_and_owed_a_call",
    ),
)  # fmt: skip


def table() -> str:
    return HEAD + "".join(story.row() for story in STORIES)


def written(page: str) -> str:
    """The page with the table as it is now."""
    start = page.index(HEAD)
    end = page.index("\n\n", start) + 1
    return page[:start] + table() + page[end:]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
