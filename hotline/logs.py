"""Room hotline: log lines, one JSON object each, with the call id where there is one.

Through the standard library's handlers: one that cannot write (a full disk) loses its line
and stops nobody.
"""

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

# Where the supervisor wants a part's log; the part rotates it by itself.
LOG_FILE = "HOTLINE_LOG_FILE"
FILE_BYTES, OLD_FILES = 10_000_000, 4


class PartLog(RotatingFileHandler):
    """A part's log, `<part>.log`, `.1`, …: what is printed beside it goes the same way."""

    def __init__(self, file: Path, *, most: int = FILE_BYTES, old: int = OLD_FILES) -> None:
        super().__init__(file, maxBytes=most, backupCount=old, encoding="utf-8")
        self._take_output()

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        """Move on to a new file."""
        super().doRollover()
        self._take_output()

    def _take_output(self) -> None:
        # A traceback of the interpreter would otherwise go to a file that is deleted one day.
        if self.stream is not None:
            for output in (sys.stdout, sys.stderr):
                os.dup2(self.stream.fileno(), output.fileno())


def set_up_logs(part: str, *, level: int = logging.INFO, file: Path | None = None) -> None:
    """To this file, or without one to standard output."""
    handler = PartLog(file) if file else logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.raiseExceptions = False
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger(OURS).setLevel(level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: logging.getLogger(OURS),
    )
    structlog.contextvars.bind_contextvars(part=part)


OURS = "hotline"
