"""Memory that is free inside the process goes back to the machine."""

import psutil

from transcription.memory import give_back

PIECE, PIECES = 3000, 40_000


def test_what_is_free_below_something_in_use_is_given_back() -> None:
    pieces = [bytes(PIECE) for _ in range(PIECES)]
    # The last one stays, so that the C library cannot simply shorten its heap.
    last = pieces.pop()
    pieces.clear()
    before = psutil.Process().memory_info().rss
    give_back()
    after = psutil.Process().memory_info().rss
    assert before - after > PIECE * PIECES / 2
    assert len(last) == PIECE
