"""Room api: does a sealed recording still prove what it says? Reads every byte; blocking."""

from collections.abc import Iterator
from pathlib import Path

from recording.manifest import NAME, Manifest, file_sha256
from recording.tables import Recording


def problems_of(folder: Path, manifest: Manifest, row: Recording) -> Iterator[str]:
    """Every way the files differ from what was sealed, in words."""
    if file_sha256(folder / NAME) != row.manifest_sha256:
        yield f"{NAME}: 与登记的哈希不符 / differs from the registered hash"
    stated = {track.file: track.sha256 for track in manifest.tracks}
    stated |= {entry.file: entry.sha256 for entry in manifest.unreadable}
    if manifest.mix is not None:
        stated[manifest.mix.file] = manifest.mix.sha256
    for name, wanted in stated.items():
        yield from _file_problems(folder / name, wanted)
    known = {*stated, NAME}
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            yield f"{path.name}: 多余文件 / not part of the seal"


def _file_problems(path: Path, wanted: str) -> Iterator[str]:
    if not path.is_file():
        yield f"{path.name}: 缺失 / missing"
    elif file_sha256(path) != wanted:
        yield f"{path.name}: 内容被改动 / changed"


def chain_problem(row: Recording, before_known: bool, others: int) -> str | None:
    """What is wrong with this seal's place in its node's chain.

    `before_known`: the manifest it names is registered; `others`: seals of the same node
    that name the same one.
    """
    if others:
        return "封存链分叉 / another seal follows the same one"
    if row.previous and not before_known:
        return "封存链中断：前一清单未登记 / the seal before is not registered"
    return None
