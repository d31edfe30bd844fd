"""Does this worker still hear its queue? One that lives but is deaf ends itself and is restarted.

After a broken connection a consumer can stay connected and never be given a message again; nothing
dies, so nobody notices. The sign: messages wait in its queue, it has a free hand, and for three
leases it has taken none. Example: with leases of 60 s a deaf worker ends after 180 s; its
supervisor starts another, and what it was doing is settled as after any other death.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

from celery.signals import worker_ready
from celery.worker import state
from django.conf import settings

logger = logging.getLogger(__name__)
LOOKS = 12  # within the patience: one look that finds the queue empty clears the suspicion
LEASES = 3  # patience
GRACE_SECONDS = 30.0  # to end calls in flight after the polite signal


@dataclass(slots=True)
class Suspicion:
    """Pure: fed with what is seen, says when a worker must be taken for deaf.

    ``patience``: seconds of waiting messages, free hands and silence in a row.
    """

    patience: float
    since: float | None = None
    heard: int = -1

    def look(self, now: float, *, waiting: int, heard: int, free: bool) -> bool:
        """``heard``: messages taken since the worker's start; ``free``: could it take one more?"""
        sound = waiting == 0 or not free or heard != self.heard
        self.heard = heard
        if sound:
            self.since = None
            return False
        if self.since is None:
            self.since = now
        return now - self.since >= self.patience


@worker_ready.connect
def _listen(sender: Any, **_: Any) -> None:
    threading.Thread(target=_watch, args=(sender,), name="hearing", daemon=True).start()


def _watch(consumer: Any) -> None:
    patience = float(LEASES * settings.LEASE_SECONDS)
    suspicion = Suspicion(patience)
    while True:
        time.sleep(patience / LOOKS)
        try:
            deaf = suspicion.look(
                time.monotonic(),
                waiting=_waiting(consumer.app),
                heard=sum(state.total_count.values()),
                free=len(state.reserved_requests) < consumer.pool.num_processes,
            )
        except Exception as problem:  # a broker that is away is no deafness
            logger.debug("not looked (%s)", type(problem).__name__)
            suspicion.since = None
            continue
        if deaf:
            logger.error("deaf: messages wait and none arrives; this worker ends")
            _end()


def _waiting(app: Any) -> int:
    """Messages in the queues that this worker takes from, by a connection of its own."""
    with app.connection_for_read() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)
        channel = connection.default_channel
        return sum(
            channel.queue_declare(queue=name, passive=True).message_count
            for name in app.amqp.queues.consume_from
        )


def _end() -> None:
    """Politely, then not: a consumer that is deaf may not hear its own end either."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
