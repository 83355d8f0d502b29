"""Room telephony/asterisk: finds an Asterisk that is new enough, or builds a private one.

Debian 12 and 13 have no Asterisk package. The private root file system is made
from Debian testing by mmdebstrap; signatures are checked, the mirror is the one
this machine's apt already uses, and nothing outside the folder is touched.
"""

import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# MixMonitor and security fixes this service relies on.
OLDEST = (22, 10, 1)
SUITE = "forky"
PACKAGES = "asterisk"


class AsteriskMissing(RuntimeError):
    """No usable Asterisk, and none could be built. The message says what to do."""


@dataclass(frozen=True)
class AsteriskProgram:
    """Where Asterisk is: in a private root file system, or on the machine itself (`None`)."""

    root: Path | None

    def file(self, path: str) -> Path:
        """A path of Asterisk's own world, as this process sees it."""
        return Path(path) if self.root is None else self.root / path.lstrip("/")

    @property
    def user(self) -> tuple[int, int]:
        """uid and gid of the user `asterisk` in Asterisk's own world."""
        for line in self.file("/etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == "asterisk":
                return int(uid), int(gid)
        raise AsteriskMissing(f"no user 'asterisk' in {self.file('/etc/passwd')}")


def version_of(text: str) -> tuple[int, ...] | None:
    """`Asterisk 22.10.1+dfsg…` → (22, 10, 1); None where that is not a version."""
    found = re.search(r"Asterisk (?:certified/)?(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in found.groups()) if found else None


def new_enough(text: str) -> bool:
    """Whether this answer of `asterisk -V` is one we can stand on."""
    version = version_of(text)
    return version is not None and version >= OLDEST


def find_asterisk(root: Path) -> AsteriskProgram:
    """The machine's own Asterisk if it is new enough, else the private one at `root`."""
    if shutil.which("asterisk") and new_enough(_ask_version(["asterisk", "-V"])):
        return AsteriskProgram(None)
    if (root / "usr/sbin/asterisk").exists():
        return AsteriskProgram(root.resolve())
    raise AsteriskMissing(f"no Asterisk at {root}: run `make setup` first")


def ensure_asterisk(root: Path, say: Callable[[str], None]) -> AsteriskProgram:
    """Find Asterisk, or build the private root file system first (about 20 s, 360 MB)."""
    try:
        return find_asterisk(root)
    except AsteriskMissing:
        say(f"building a private Asterisk from Debian {SUITE} (about 360 MB) …")
    _build(root)
    answer = _ask_version(["chroot", str(root), "asterisk", "-V"])
    if not new_enough(answer):
        raise AsteriskMissing(f"the Asterisk that was built says {answer!r}, older than {OLDEST}")
    say(answer.strip())
    return AsteriskProgram(root.resolve())


def debian_mirror() -> str:
    """The mirror of Debian itself that apt on this machine uses."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN)", "Created-By: Packages"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for line in listed.splitlines():
        site, _, origin = line.partition(" ")
        if origin == "Debian" and "security" not in site:
            return site
    # Before the first `apt-get update` the origins are unknown: take what is configured.
    for line in listed.splitlines():
        site = line.split()[0]
        if "debian" in site and "security" not in site:
            return site
    raise AsteriskMissing("apt on this machine names no Debian mirror; add one and try again")


def _build(root: Path) -> None:
    if not shutil.which("mmdebstrap"):
        raise AsteriskMissing("mmdebstrap is not installed: apt-get install mmdebstrap")
    building = root.with_name(root.name + ".building")
    shutil.rmtree(building, ignore_errors=True)
    building.parent.mkdir(parents=True, exist_ok=True)
    log = root.with_name(root.name + ".log")
    with log.open("wb") as out:
        done = subprocess.run(
            [
                "mmdebstrap", "--variant=apt", f"--include={PACKAGES}",
                "--aptopt=APT::Install-Recommends \"false\"",
                # A mirror may be a frozen snapshot, whose Valid-Until is long past.
                "--aptopt=Acquire::Check-Valid-Until \"false\"",
                SUITE, str(building), debian_mirror(),
            ],
            stdout=out, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        last = log.read_text(errors="replace").strip().splitlines()[-5:]
        raise AsteriskMissing("mmdebstrap failed:\n  " + "\n  ".join(last))
    host = socket.gethostname()
    # Without these lines Asterisk looks its own name up at every start and call.
    (building / "etc/hosts").write_text(f"127.0.0.1 localhost {host}\n::1 localhost {host}\n")
    (building / "srv/node").mkdir(parents=True, exist_ok=True)
    shutil.rmtree(building / "var/cache/apt/archives", ignore_errors=True)
    building.rename(root)


def _ask_version(command: list[str]) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout
