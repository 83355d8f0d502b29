"""Room transcription: the pinned download of a model, for set-up only."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

CONNECT_LIMIT = 10.0  # seconds without any answer
WHOLE_LIMIT = 400.0  # seconds for the file; set-up has ten minutes in all
MOST_BYTES = 4 << 30
CHUNK = 1 << 18


class DownloadRefused(Exception):
    """No pinned hash, a wrong one, or an address that is not https. Settings must change."""


class ModelUnreachable(Exception):
    """The site did not answer or broke off. Another try, or a zip added by hand, helps."""


@contextmanager
def fetched(url: str, sha256: str | None, scratch: Path) -> Iterator[Path]:
    """The file at `url`, verified against `sha256`; it goes away when the block ends."""
    if sha256 is None:
        raise DownloadRefused("no sha256 is configured: an unverified model is never downloaded")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise DownloadRefused(f"{url} is not an https address")
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=scratch) as folder:
        file = Path(folder) / (Path(parts.path).name or "model.zip")
        found = _saved(url, file)
        if found != sha256:
            raise DownloadRefused(f"sha256 is {found}, configured is {sha256}")
        yield file


def _saved(url: str, file: Path) -> str:
    """Write it, return its sha256."""
    until = monotonic() + WHOLE_LIMIT
    digest, size = hashlib.sha256(), 0
    try:
        # S310: the scheme was checked by the only caller
        with urlopen(url, timeout=CONNECT_LIMIT) as answer, file.open("wb") as out:  # noqa: S310
            while chunk := answer.read(CHUNK):
                size += len(chunk)
                if size > MOST_BYTES or monotonic() > until:
                    raise ModelUnreachable(f"{url} is too large or too slow")
                digest.update(chunk)
                out.write(chunk)
            if answer.length:
                raise ModelUnreachable(f"{url} broke off after {size} bytes")
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise ModelUnreachable(f"{url} cannot be reached: {error}") from error
    return digest.hexdigest()
