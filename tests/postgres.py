"""A throw-away PostgreSQL server for the tests, and the `database` fixture over both databases.

The server is Debian's package `postgresql`, in a temporary folder, on a free port,
without fsync; it is started once per test run and only when a test asks for it.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from store.database import Database

BINARIES = Path("/usr/lib/postgresql")
USER = "postgres"
READY_SECONDS = 20.0


class PostgresMissing(RuntimeError):
    """No PostgreSQL server is installed here."""


class PostgresServer:
    """One server. `stop()` and `start()` may be called in the middle, to play an outage."""

    def __init__(self, folder: Path) -> None:
        self._bin = _binaries()
        self._folder = folder
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            shutil.chown(folder, USER, USER)
        self._call(
            "initdb", "-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )

    @property
    def url(self) -> str:
        """Of the server's own first database."""
        return self.url_of(USER)

    def url_of(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def send_all(self, sign: signal.Signals) -> None:
        """To the server and the processes of its sessions, as with SIGSTOP and SIGCONT."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        mother = self._process.pid
        os.kill(mother, sign)
        for pid in _children(mother):
            with suppress(ProcessLookupError):
                os.kill(pid, sign)

    def start(self) -> None:
        """Returns when the server answers."""
        settings = {
            "port": self.port, "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder, "fsync": "off", "max_connections": 60,
        }  # fmt: skip
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user(), self._bin / "postgres", "-D", self._data, *options],
                stdout=log, stderr=log, cwd=self._folder,
            )  # fmt: skip
        self._wait_until_ready()

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends every session at once and shuts down in order; SIGQUIT just ends."""
        if self._process is None:
            return
        self._process.send_signal(sign)
        try:
            self._process.wait(READY_SECONDS / 2)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(READY_SECONDS)
        self._process = None

    def new_database(self) -> str:
        """The URL of a fresh, empty database."""
        name = f"t{uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name}")
        return self.url_of(name)

    def drop_database(self, url: str) -> None:
        self.run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if self._process is None or self._process.poll() is not None:
                    raise RuntimeError((self._folder / "log").read_text()) from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _call(self, program: str, *arguments: str | Path) -> None:
        words = [*self._as_user(), self._bin / program, *arguments]
        done = subprocess.run(words, capture_output=True, text=True, cwd=self._folder, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr}")

    @staticmethod
    def _as_user() -> list[str]:
        if os.geteuid() != 0:
            return []
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]


def _binaries() -> Path:
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    if not found:
        raise PostgresMissing("the tests need PostgreSQL: apt-get install postgresql")
    return found[-1].parent


def _children(mother: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # "pid (name) state parent …", and a name may hold anything.
            if int(stat.read_text().rpartition(")")[2].split()[1]) == mother:
                yield int(stat.parent.name)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def new_server(folder: Path) -> PostgresServer:
    """Prepared and started."""
    server = PostgresServer(folder)
    server.start()
    return server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Shared by all tests: leave it running. For outages take `own_postgres`."""
    yield from _server_for_a_while()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server of this test alone, to stop and start."""
    yield from _server_for_a_while()


def _server_for_a_while() -> Iterator[PostgresServer]:
    # Not under pytest's own folder: that one is closed to the user postgres.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = new_server(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The running server's URL."""
    return postgres_server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/main.sqlite"
        return
    server: Any = request.getfixturevalue("postgres_server")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with every imported table, once of each kind."""
    database = Database(database_url)
    await database.create_all()
    yield database
    await database.close()
