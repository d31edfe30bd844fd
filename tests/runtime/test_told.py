"""A process that waits to be told hears every signal, however fast they come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from benchserver.runtime.home import CHECKOUT
from benchserver.runtime.told import Told

STORM = """
import signal
from benchserver.runtime.told import Told
told = Told()
signal.signal(signal.SIGALRM, told.on_signal)
for heard in range(1000):
    signal.setitimer(signal.ITIMER_REAL, 20e-6 + heard % 50 * 1e-6)
    while told.signals == heard:
        told.wait(0.01)
print("heard", told.told)
"""


def test_a_storm_of_signals_never_hangs_the_one_who_waits():
    waiter = [sys.executable, "-c", STORM]
    done = subprocess.run(waiter, cwd=CHECKOUT, capture_output=True, timeout=60, check=True)
    assert done.stdout == b"heard True\n"


def test_a_signal_ends_a_wait_without_end():
    told = Told()
    before = signal.signal(signal.SIGUSR1, told.on_signal)
    try:
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        assert told.wait()
        assert told.signals == 1
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_thread_may_tell_and_it_stays_told():
    told = Told()
    assert not told.wait(0.01)
    threading.Thread(target=told.tell).start()
    assert told.wait()
    told.tell()
    assert told.told
    assert told.signals == 0
