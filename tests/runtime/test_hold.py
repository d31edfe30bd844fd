"""A held server lives with its supervisor and with nobody else's end."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

from benchserver.runtime.home import CHECKOUT, Home
from benchserver.runtime.parts import says
from benchserver.runtime.supervisor import Part, Restart, Supervisor
from benchserver.runtime.valkey import Valkey
from benchserver.runtime.watchdog import birth
from tests.runtime.helpers import eventually, throwaway_home

OWNER = """
import io, sys, time
from pathlib import Path
from benchserver.runtime.home import open_home
from benchserver.runtime.supervisor import Supervisor
from tests.runtime.test_hold import broker
home = open_home(Path(sys.argv[1]))
Supervisor([broker(home)], logs=home.logs, stream=io.StringIO()).start()
print("ready", flush=True)
time.sleep(600)
"""


def broker(home: Home) -> Part:
    return Part(
        name="broker",
        argv=(sys.executable, "-m", "benchserver.runtime.hold", "valkey"),
        account=home.account,
        env={"BENCHSERVER_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT)},
        cwd=Path("/"),
        ready=says(b" serves"),
        restart=Restart(first=0.1),
    )


def test_a_server_that_dies_under_its_holder_is_started_again():
    with throwaway_home() as home:
        with Supervisor([broker(home)], logs=home.logs, stream=io.StringIO()):
            first = Valkey(home).pid()
            assert first
            os.kill(first, signal.SIGKILL)
            assert eventually(lambda: Valkey(home).pid() not in (None, first))
            second = Valkey(home).pid()
        assert second
        assert birth(second) is None


def test_a_held_server_ends_with_its_killed_supervisor():
    with throwaway_home() as home:
        with subprocess.Popen(
            [sys.executable, "-c", OWNER, str(home.root)], stdout=subprocess.PIPE, cwd=CHECKOUT
        ) as owner:
            assert owner.stdout
            assert owner.stdout.readline() == b"ready\n"
            server = Valkey(home).pid()
            assert server
            owner.kill()
        assert eventually(lambda: birth(server) is None)
