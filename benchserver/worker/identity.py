"""Who this worker process is, and the heartbeat that keeps its leases alive.

The name is new in every process, so a restarted or forked worker never inherits leases. Example:
``host:1234:9f3a``. The heartbeat runs at a third of the lease in a thread of its own; a killed or
frozen process stops beating and its attempts are given to others.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time

from django.conf import settings
from django.db import Error, connection

from benchserver.evaluations.claim import heartbeat

logger = logging.getLogger(__name__)
_lock = threading.Lock()
_names: dict[int, str] = {}


def worker_name() -> str:
    """This process's name; the first call in a process starts its heartbeat."""
    pid = os.getpid()
    with _lock:
        if pid not in _names:
            _names.clear()
            _names[pid] = f"{socket.gethostname()[:40]}:{pid}:{secrets.token_hex(3)}"
            threading.Thread(target=_beat, args=(_names[pid],), daemon=True).start()
        return _names[pid]


def _beat(name: str) -> None:
    while True:
        time.sleep(settings.LEASE_SECONDS / 3)
        try:
            heartbeat(worker=name, lease_seconds=settings.LEASE_SECONDS)
        except Error as problem:
            logger.warning("heartbeat missed (%s)", type(problem).__name__)
        finally:
            connection.close()
