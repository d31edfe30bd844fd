"""Order, restart, stop, and that nothing outlives the supervisor, not even grandchildren."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.runtime.account import service_account
from benchserver.runtime.home import Home
from benchserver.runtime.parts import says
from benchserver.runtime.supervisor import Kind, Part, Restart, Supervisor
from benchserver.runtime.watchdog import birth
from tests.runtime.helpers import eventually, throwaway_home

PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
SLEEP = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
def home() -> Iterator[Home]:
    with throwaway_home() as found:
        yield found


def part(name: str, code: str, **more: object) -> Part:
    return Part(name=name, argv=(PYTHON, "-c", code), account=service_account(), **more)  # type: ignore[arg-type]


def test_a_part_starts_only_when_what_it_comes_after_is_ready(home: Home):
    told = io.StringIO()
    step = part("prepare", "print('prepared')", kind=Kind.STEP)
    up = part("web", SLEEP, after=("prepare",), ready=lambda run: b"up" in run.output())
    with Supervisor([step, up], logs=home.logs, stream=told) as supervisor:
        assert supervisor.pid("web")
        lines = told.getvalue().splitlines()
    assert "prepare  done" in lines[0]
    assert "web      ready" in lines[1]
    assert (home.logs / "prepare.log").read_text() == "prepared\n"


def test_a_part_runs_as_the_service_account_and_never_as_root(home: Home):
    who = part("who", "import os; print(os.getuid(), os.getgroups())", kind=Kind.STEP)
    with Supervisor([who], logs=home.logs, stream=io.StringIO()):
        pass
    uid, _, groups = (home.logs / "who.log").read_text().partition(" ")
    assert int(uid) == home.account.uid
    assert home.account.uid != 0
    assert "0" not in groups.strip().strip("[]").split(", ")


def test_a_dead_part_is_started_again_and_the_others_stay(home: Home):
    told = io.StringIO()
    quick = Restart(first=0.1)
    parts = [part("a", SLEEP), part("b", SLEEP, restart=quick)]
    with Supervisor(parts, logs=home.logs, stream=told) as supervisor:
        stays, dies = supervisor.pid("a"), supervisor.pid("b")
        assert dies
        os.kill(dies, signal.SIGKILL)
        assert eventually(lambda: supervisor.pid("b") not in (None, dies))
        assert supervisor.pid("a") == stays
    assert "was ended by SIGKILL, starting again" in told.getvalue()


def test_a_part_that_never_comes_up_stops_the_start_and_names_its_log(home: Home):
    parts = [part("fine", SLEEP), part("broken", "raise SystemExit(3)", ready=lambda run: False)]
    parts[1] = Part(**{**_fields(parts[1]), "restart": Restart(first=0.05)})
    supervisor = Supervisor(parts, logs=home.logs, stream=io.StringIO())
    with pytest.raises(PlatformFault, match=r"broken ended with status 3.*broken\.log"):
        supervisor.start()
    assert supervisor.pid("fine") is None


def _fields(of: Part) -> dict[str, object]:
    return {name: getattr(of, name) for name in Part.__slots__}


def test_a_failed_step_is_not_tried_again(home: Home):
    supervisor = Supervisor(
        [part("step", "raise SystemExit(1)", kind=Kind.STEP)], logs=home.logs, stream=io.StringIO()
    )
    with pytest.raises(PlatformFault, match="step ended with status 1"):
        supervisor.start()


def test_a_stop_goes_backwards(home: Home):
    told = io.StringIO()
    parts = [part("first", SLEEP), part("second", SLEEP, after=("first",))]
    with Supervisor(parts, logs=home.logs, stream=told):
        pass
    stopped = [line.split()[1] for line in told.getvalue().splitlines() if "stopped" in line]
    assert stopped == ["second", "first"]


def test_a_part_started_again_in_the_background_is_stopped_in_its_turn(home: Home):
    told = io.StringIO()
    slow = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), exit()))\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    up = {"ready": says(b"up"), "restart": Restart(first=0.1)}
    parts = [part("first", SLEEP, **up), part("second", slow, after=("first",), **up)]
    with Supervisor(parts, logs=home.logs, stream=told) as supervisor:
        dead = supervisor.pid("first")
        assert dead
        os.kill(dead, signal.SIGKILL)
        assert eventually(lambda: (home.logs / "first.log").read_text() == "up\nup\n")
    stopped = [line.split()[1] for line in told.getvalue().splitlines() if "stopped" in line]
    assert stopped == ["second", "first"]


def test_a_part_that_ignores_the_signal_is_killed_with_its_children(home: Home):
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    stubborn = part("stubborn", code, grace_seconds=0.3, ready=lambda run: run.output() != b"")
    with Supervisor([stubborn], logs=home.logs, stream=io.StringIO()):
        child = int((home.logs / "stubborn.log").read_text().split()[0])
        assert birth(child)
    assert eventually(lambda: birth(child) is None)


def test_an_unknown_predecessor_is_refused():
    with pytest.raises(ValueError, match="part b comes after a"):
        Supervisor([part("b", SLEEP, after=("a",))], logs=Path("/nowhere"))


FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
ignore = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
pids = [
    subprocess.Popen([sys.executable, "-c", ignore]).pid,
    subprocess.Popen([sys.executable, "-c", ignore], start_new_session=True).pid,
]
print(os.getpid(), *pids, flush=True)
time.sleep(600)
"""
OWNER = """
import io, sys, time
from pathlib import Path
from benchserver.runtime.parts import says
from benchserver.runtime.supervisor import Supervisor
from tests.runtime.test_supervisor import FAMILY, part
parts = [part(name, FAMILY, ready=lambda run: b"\\n" in run.output()) for name in ("a", "b")]
Supervisor(parts, logs=Path(sys.argv[1]), stream=io.StringIO()).start()
print("ready", flush=True)
time.sleep(600)
"""


def test_nothing_survives_a_killed_supervisor_not_even_grandchildren_of_another_session(home: Home):
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home.logs)], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"ready\n"
        logs = (home.logs / "a.log", home.logs / "b.log")
        family = [int(pid) for log in logs for pid in log.read_text().split()]
        assert len(family) == 6
        assert all(birth(pid) for pid in family)
        owner.kill()
    assert eventually(lambda: not any(birth(pid) for pid in family))
