"""A part that holds an embedded server: starts or joins it, ends when the server dies.

So the supervisor sees a server that other commands may share as an ordinary child.
Example: ``python -m benchserver.runtime.hold postgres`` in the environment of a home; SIGTERM makes
it leave, and the last to leave stops the server.
"""

from __future__ import annotations

import signal
import sys

from benchserver.runtime.bell import Bell
from benchserver.runtime.home import open_home
from benchserver.runtime.postgres import Postgres
from benchserver.runtime.server import EmbeddedServer
from benchserver.runtime.valkey import Valkey

SERVERS: dict[str, type[EmbeddedServer]] = {"postgres": Postgres, "valkey": Valkey}
LOOK_SECONDS = 0.5


def main(name: str) -> int:
    """Hold the server until told to leave (0) or until it died (1)."""
    leave = Bell()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave.on_signal)
    with SERVERS[name](open_home()) as server:
        print(f"{name} serves", flush=True)
        while not leave.wait(LOOK_SECONDS):
            if server.pid() is None:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
