"""A killed owner leaves nothing; an owner that says goodbye leaves everything."""

from __future__ import annotations

import signal
import subprocess
import sys

from benchserver.runtime.watchdog import Watchdog, birth
from tests.runtime.helpers import eventually

OWNER = """
import sys, time
from benchserver.runtime.watchdog import Watchdog
dog = Watchdog()
dog.watch("sleeper", pid=int(sys.argv[1]), signal=15, grace=0.3)
{then}
print("ready", flush=True)
time.sleep(60)
"""


def sleeper(code: str = "import time; time.sleep(60)") -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True)


def killed_owner(guarded: int, *, then: str = "") -> None:
    """An owner that guards ``guarded`` and is then killed with -9."""
    code = OWNER.format(then=then)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(guarded)], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"ready\n"
        owner.kill()


def test_a_group_ends_with_its_killed_owner_even_when_it_ignores_the_polite_signal():
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    with sleeper(stubborn) as guarded:
        killed_owner(guarded.pid)
        assert guarded.wait(timeout=20) in (-signal.SIGKILL, -signal.SIGTERM)


def test_a_released_group_survives_its_killed_owner():
    with sleeper() as released, sleeper() as guarded:
        killed_owner(
            guarded.pid,
            then=f"dog.watch('other', pid={released.pid}, signal=15, grace=1)"
            "; dog.release('other')",
        )
        guarded.wait(timeout=20)
        assert released.poll() is None
        released.kill()


def test_goodbye_ends_nothing():
    with sleeper() as guarded:
        dog = Watchdog()
        dog.watch("sleeper", pid=guarded.pid, signal=15, grace=1)
        dog.close()
        assert guarded.poll() is None
        guarded.kill()


def test_a_dead_process_has_no_birth():
    with sleeper() as process:
        assert birth(process.pid) is not None
        process.kill()
        assert eventually(lambda: birth(process.pid) is None)
