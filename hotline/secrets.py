"""Room hotline: secrets are made here once, kept in the data folder, shown to nobody."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SecretBox:
    """Named secrets in one file that only this service's user may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str:
        """The secret of this name; made (32 bytes of randomness) when first asked for."""
        known = self._read()
        if name in known:
            return known[name]
        with self._changing() as changing:
            return changing.setdefault(name, secrets.token_urlsafe(24))

    def known(self, name: str) -> str | None:
        """The secret of this name, if it was ever made or told."""
        return self._read().get(name)

    def keep(self, name: str, secret: str | None) -> None:
        """A secret that others have made, or none any more."""
        with self._changing() as known:
            known.pop(name, None)
            if secret is not None:
                known[name] = secret

    @contextmanager
    def _changing(self) -> Iterator[dict[str, str]]:
        """Two programs may write at once: each change is made under a lock."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = self._read()
            before = dict(known)
            yield known
            if known != before:
                self._write(known)

    def _read(self) -> dict[str, str]:
        try:
            content: dict[str, str] = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        return content

    def _write(self, content: dict[str, str]) -> None:
        part = self._path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._path)
