"""Whose call may take one of this process's threads, so that slow endpoints starve nobody.

A call waits most of its time and holds a thread meanwhile. Thirty endpoints that never answer would
hold them all. So the last quarter of the threads is only for endpoints below their fair share:
the threads divided by the endpoints at work. Example: of 128 threads four endpoints may hold 96
between them as they like; the others are left for whoever holds fewer than 32. A refused call
costs nothing: it is offered again as soon as a thread is free.

While threads are idle nobody waits for one, so a job goes on with its endpoint's next attempt
itself; only beyond that does it queue behind the others by a message of its own.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import Any

from celery.signals import celeryd_after_setup, worker_shutting_down

USUAL_THREADS = 128
SWITCH_SECONDS = 0.0005  # Python's own is ten times that


class Turns:
    """Safe for any number of threads. Keys are endpoints' ids."""

    def __init__(self, threads: int):
        self.threads = threads
        self.serving = False  # set by a worker that is up and not about to stop
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()
        self._refused: dict[str, None] = {}  # in order

    def take(self, key: str) -> bool:
        """Whether a call of ``key`` may begin now; every True needs its ``give_back``."""
        with self._lock:
            at_work = len(self._busy) + (key not in self._busy)
            free = self.threads - self._busy.total()
            below_share = self._busy[key] < max(1, self.threads // at_work)
            if free <= self.threads // 4 and not below_share:
                self._forget(key)
                self._refused[key] = None
                return False
            self._busy[key] += 1
            return True

    def give_back(self, key: str) -> str:
        """The call has ended; returns the key that was refused first and may try again, or ""."""
        with self._lock:
            self._busy[key] -= 1
            self._forget(key)
            again = next(iter(self._refused), "")
            self._refused.pop(again, None)
            return again

    def may_go_on(self) -> bool:
        """Whether a job that has ended may begin the next one itself: nobody waits for a thread."""
        with self._lock:
            return self.serving and 2 * self._busy.total() < self.threads

    def _forget(self, key: str) -> None:
        if not self._busy[key]:
            del self._busy[key]  # a Counter counts an absent key as 0, but still lists a zero


of_this_process = Turns(USUAL_THREADS)


@celeryd_after_setup.connect
def _count_threads(instance: Any, **_: Any) -> None:
    of_this_process.threads = int(instance.concurrency)
    of_this_process.serving = True
    # Reading a large hostile answer is all computing; whoever waits for the interpreter meanwhile
    # waits this long each time, and a call needs it a few dozen times.
    sys.setswitchinterval(SWITCH_SECONDS)


@worker_shutting_down.connect
def _end_soon(**_: Any) -> None:
    of_this_process.serving = False
