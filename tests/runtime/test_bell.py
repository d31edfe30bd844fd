"""A process that waits for its bell hears every signal, however fast they come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from benchserver.runtime.bell import Bell
from benchserver.runtime.home import CHECKOUT

STORM = """
import signal
from benchserver.runtime.bell import Bell
bell = Bell()
signal.signal(signal.SIGALRM, bell.on_signal)
for heard in range(1000):
    signal.setitimer(signal.ITIMER_REAL, 20e-6 + heard % 50 * 1e-6)
    while bell.signals == heard:
        bell.wait(0.01)
print("heard", bell.rung)
"""


def test_a_storm_of_signals_never_hangs_the_one_who_waits():
    waiter = [sys.executable, "-c", STORM]
    done = subprocess.run(waiter, cwd=CHECKOUT, capture_output=True, timeout=60, check=True)
    assert done.stdout == b"heard True\n"


def test_a_signal_ends_a_wait_without_end():
    bell = Bell()
    before = signal.signal(signal.SIGUSR1, bell.on_signal)
    try:
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        assert bell.wait()
        assert bell.signals == 1
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_thread_may_ring_it_and_it_goes_on_ringing():
    bell = Bell()
    assert not bell.wait(0.01)
    threading.Thread(target=bell.ring).start()
    assert bell.wait()
    bell.ring()
    assert bell.rung
    assert bell.signals == 0
