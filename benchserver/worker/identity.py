"""Who works on an attempt: one name per job, and the heartbeat that keeps its leases alive.

A lease lives as long as the *job* that took it, not as long as its process: a job that broke (the
database went away while it settled) must not be kept alive by its healthy process. Example:
``with at_work() as name:`` gives ``host:1234:9f3ab2``; while the block runs, the lease is extended
at a third of its length; after it, or in a killed or frozen process, others get the attempt.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from benchserver.evaluations.store import heartbeat

logger = logging.getLogger(__name__)
_lock = threading.Lock()
_working: set[str] = set()
_beating_in = 0  # the process whose heartbeat runs; a forked one has none yet


@contextmanager
def at_work() -> Iterator[str]:
    """A name for one job, beaten for while the block runs."""
    machine = (settings.WORKER_NAME or socket.gethostname()).replace(":", "-")
    name = f"{machine[:40]}:{os.getpid()}:{secrets.token_hex(3)}"
    _ensure_heartbeat()
    with _lock:
        _working.add(name)
    try:
        yield name
    finally:
        with _lock:
            _working.discard(name)


def _ensure_heartbeat() -> None:
    """Start this process's heartbeat, once; names inherited by a fork are not its own."""
    global _beating_in
    with _lock:
        if _beating_in == os.getpid():
            return
        _beating_in = os.getpid()
        _working.clear()
        threading.Thread(target=_beat, daemon=True).start()


def _beat() -> None:
    while True:
        time.sleep(settings.LEASE_SECONDS / 3)
        try:
            _beat_once()
        except Exception as problem:  # whatever it is: without a heartbeat all jobs lose leases
            logger.warning("heartbeat missed (%s)", type(problem).__name__)


def _beat_once() -> None:
    with _lock:
        names = list(_working)
    if not names:
        return
    try:
        heartbeat(workers=names, lease_seconds=settings.LEASE_SECONDS)
    finally:
        connection.close()
