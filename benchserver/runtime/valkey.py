"""Embedded Valkey, the broker: a Unix socket, an append-only file, nothing ever evicted.

It carries ids only, and the database reconciles what it loses, so a second of lost writes
(``everysec``) is harmless. ``persistent=False`` keeps nothing, for tests.
Example: ``Valkey(home).start().url()`` -> ``redis+socket:///.../run/valkey.sock``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from benchserver.runtime.binaries import valkey_binary
from benchserver.runtime.home import Home
from benchserver.runtime.server import EmbeddedServer


class Valkey(EmbeddedServer):
    """One server with its files in ``<home>/valkey``."""

    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, home: Home, *, persistent: bool = True) -> None:
        super().__init__(home)
        self.persistent = persistent

    @property
    def folder(self) -> Path:
        return self.home.valkey

    @property
    def socket(self) -> Path:
        return self.home.sockets / "valkey.sock"

    def url(self) -> str:
        """For Celery (broker). Database 0."""
        return f"redis+socket://{quote(str(self.socket))}"

    def cache_url(self) -> str:
        """For redis-py and Django's cache. Database 1, so that a flush never hits the queue."""
        return f"unix://{quote(str(self.socket))}?db=1"

    def prepare(self) -> None:
        (self.folder / "valkey.pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "pidfile": str(self.folder / "valkey.pid"),
            "set-proc-title": "no",  # the command line names the folder: that is how it is known
            "appendonly": "yes" if self.persistent else "no",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [str(valkey_binary(self.home)), *arguments]

    def recorded_pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "valkey.pid").read_text())
        return None

    def answers(self) -> bool:
        """``PING``; a server that is still loading its file answers ``-LOADING``."""
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(5)
            client.connect(os.fspath(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        return False
