"""The real Postgres and Valkey of a test session, in a throwaway home.

``start()`` is called by ``tests/settings.py``, so before Django reads any setting, and does nothing
for what ``DATABASE_URL`` or ``BROKER_URL`` already name. ``stop()`` is called at the end of the
session; a killed session is cleaned up by the servers' watchdogs and by the next session. When
the suite runs in several processes (pytest-xdist), each has servers of its own: tests empty them.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from benchserver.runtime.home import open_home
from benchserver.runtime.postgres import Postgres
from benchserver.runtime.server import EmbeddedServer
from benchserver.runtime.valkey import Valkey

PREFIX = "bs-test-"
OWNER = "BENCH_TEST_SERVICES"  # which process of the suite started what the environment names
GIVEN = {"DATABASE_URL", "BROKER_URL"}
_servers: list[EmbeddedServer] = []
_folder: Path | None = None


def start() -> None:
    """Start what is not given by the environment and name it there. Idempotent."""
    global _folder
    process = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if os.environ.get(OWNER, process) != process:
        for name in GIVEN:  # those of the process that hands out the tests
            os.environ.pop(name, None)
    if _folder or os.environ.keys() >= GIVEN:
        return
    os.environ[OWNER] = process
    _sweep()
    _folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    _folder.chmod(0o755)  # the service account must reach its folders below
    atexit.register(stop)
    home = open_home(_folder)
    os.environ["BENCHSERVER_HOME"] = str(home.root)
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = _run(Postgres(home, durable=False))
    if "BROKER_URL" not in os.environ:
        os.environ["BROKER_URL"] = _run(Valkey(home, persistent=False))


def stop() -> None:
    """Stop the servers and remove their folder. Idempotent."""
    while _servers:
        _servers.pop().stop()
    if _folder:
        shutil.rmtree(_folder, ignore_errors=True)


def _run(server: EmbeddedServer) -> str:
    server.start()
    _servers.append(server)
    return server.url()


def _sweep() -> None:
    """Remove the folders of killed sessions: those whose users file nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        users = folder / "pg" / ".users"
        try:
            with users.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # in use, somebody else's, or just being made
