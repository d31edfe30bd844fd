"""A database and a broker behind passwords on loopback, and workers that know nothing else of the
first host.

A worker elsewhere is a copy of the package in a folder of its own, started in mount, host name and
process namespaces of its own in which the first host's home is an empty folder; loopback is shared.
Example: ``with worker("generate", folder, ...)`` runs until the block ends.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchserver.runtime.home import DATABASE_USER, Home, open_home
from benchserver.runtime.postgres import Postgres
from benchserver.runtime.valkey import Valkey
from tests.flows.live import ROOT, free_port

POOLS = {"generate": ("threads", "8"), "execute": ("prefork", "2")}


class OpenPostgres(Postgres):
    """Also on a port of loopback, where it asks for a password."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.port, self.password = free_port(), secrets.token_hex(12)

    def command(self) -> list[str]:
        return [*super().command(), "--listen_addresses=127.0.0.1", f"--port={self.port}"]

    def after_start(self) -> None:
        inside = f"postgresql://{DATABASE_USER}@/postgres?host={self.home.sockets}"
        with psycopg.connect(f"{inside}&port={self.port}", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.database}")  # type: ignore[call-overload]
            word = f"ALTER USER {DATABASE_USER} PASSWORD '{self.password}'"
            connection.execute(word)  # type: ignore[call-overload]
            rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            (self.data / "pg_hba.conf").write_text(rules)
            connection.execute("SELECT pg_reload_conf()")

    def outside(self) -> str:
        return f"postgresql://{DATABASE_USER}:{self.password}@127.0.0.1:{self.port}/{self.database}"


class OpenValkey(Valkey):
    """Also on a port of loopback, where it asks for a password."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.port, self.password = free_port(), secrets.token_hex(12)

    def command(self) -> list[str]:
        line = super().command()
        line[line.index("--port") + 1] = str(self.port)
        return [*line, "--bind", "127.0.0.1", "--requirepass", self.password]

    def answers(self) -> bool:
        """It does so by asking for the password."""
        import socket

        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"-NOAUTH")
        except OSError:
            return False

    def outside(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


@contextmanager
def worker(
    queue: str,
    folder: Path,
    *,
    first: Home,
    hidden: tuple[Path, ...],
    keys: tuple[str, ...],
    environ: Mapping[str, str],
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of ``queue`` on another host: ``folder`` is all that it has, ``environ`` all that it
    is told beside where its ``keys`` lie; the first home and what is ``hidden`` are not there."""
    home = open_home(folder / "home")
    account = home.account
    for name in keys:
        shutil.copy(first.keys / name, home.keys / name)
        os.chown(home.keys / name, account.uid, account.gid)
    code = folder / "code"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "benchserver", code / "benchserver", ignore=skip)
    pool, size = POOLS[queue]
    line = ["-m", "celery", "-A", "benchserver.worker.app", "worker", "-Q", queue, "-P", pool]
    line += ["-c", size, "--prefetch-multiplier", "1", "-l", "INFO"]
    told = {
        **environ,
        "WORKER_NAME": folder.name,
        "BENCHSERVER_HOME": str(home.root),
        f"OPEN_{queue.upper()}_KEY_FILE": str(home.keys / f"open_{queue}.key"),
        "PATH": "/usr/bin:/bin",
        "HOME": str(home.run),
    }
    drop = ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    inner = ["env", "-i", *(f"{k}={v}" for k, v in told.items()), sys.executable, *line]
    hide = [f"mount -t tmpfs none {place}" for place in (first.root, *hidden)]
    shell = " && ".join([*hide, f"hostname {folder.name}", 'exec "$@"'])
    apart = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
    log = folder / "worker.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*apart, "sh", "-c", shell, "sh", *drop, *inner],
            cwd=code,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _await_ready(process, log)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await_ready(process: subprocess.Popen[bytes], log: Path, *, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while b" ready." not in log.read_bytes():
        waiting = process.poll() is None and time.monotonic() < end
        assert waiting, log.read_text()[-2000:]
        time.sleep(0.1)
