"""Results as JSON lines: one file a kind, each line whole or not there, read back after a stop."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Lines:
    """The results of one run folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, kind: str, **line: Any) -> None:
        text = json.dumps(line, ensure_ascii=False) + "\n"
        with (self._folder / f"{kind}.jsonl").open("a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def read(self, kind: str) -> list[Line]:
        return list(self._whole(self._folder / f"{kind}.jsonl"))

    @staticmethod
    def _whole(path: Path) -> Iterator[Line]:
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:  # the line being written when the machine stopped
                continue
