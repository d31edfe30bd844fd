"""Wait until a server that a test has started listens, and say so when it never will."""

from __future__ import annotations

import socket
import subprocess
import time

import pytest


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Up to 30 s; fails the test when the server ended or does not listen by then."""
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail("the server ended at start")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not listen within 30 s")
