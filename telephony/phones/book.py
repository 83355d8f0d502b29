"""Room telephony/phones: the phones that were added by hand, in one file of the data folder."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

_EXTENSION = re.compile(r"[0-9]{2,8}")
NAME_LONGEST = 80


class BadPhone(ValueError):
    """A phone that cannot be added or taken away; the message says which and why."""


@dataclass(frozen=True)
class Phone:
    """One phone of the book; its password lies with the other secrets."""

    extension: str
    name: str = ""
    tls: bool = False


class PhoneBook:
    """Two programs may write at once: each change is made under a lock, and as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def phones(self) -> list[Phone]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
            return [Phone(**entry) for entry in found]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError) as error:
            raise BadPhone(f"{self._path}: {error}") from None

    def add(self, phone: Phone) -> None:
        """Add it; `BadPhone` where the extension is taken or is none."""
        if not _EXTENSION.fullmatch(phone.extension):
            raise BadPhone(f"{phone.extension!r}: 2-8 digits / 分机号为 2-8 位数字")
        if len(phone.name) > NAME_LONGEST or not all(c.isprintable() for c in phone.name):
            raise BadPhone(f"name: at most {NAME_LONGEST} printable characters / 姓名过长")
        with self._changing() as phones:
            if any(known.extension == phone.extension for known in phones):
                raise BadPhone(f"{phone.extension}: 已有此话机 / there already")
            phones.append(phone)

    def remove(self, extension: str) -> None:
        with self._changing() as phones:
            known = next((p for p in phones if p.extension == extension), None)
            if known is None:
                raise BadPhone(f"{extension}: 没有这部话机 / no such phone")
            phones.remove(known)

    @contextmanager
    def _changing(self) -> Iterator[list[Phone]]:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            phones = self.phones()
            yield phones
            part = self._path.with_suffix(".part")
            with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
                json.dump([asdict(phone) for phone in phones], out, ensure_ascii=False, indent=1)
                out.flush()
                os.fsync(out.fileno())
            part.rename(self._path)
