"""Room transcription: what a decode needed is given back to the machine when it is over."""

import ctypes


def give_back() -> None:
    """Return the C library's free pages; without glibc (which keeps them) nothing is done.

    A decode takes tens of megabytes in small pieces, from several threads. The library keeps
    them for the next one, and a long call's stay for good.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
