"""Send a step by name and id: a nudge, never content. Postgres decides, Celery wakes.

``flush`` publishes the outbox: wake-ups that a verb wrote in its own transaction. Doors call it on
commit; the relay calls it every few seconds, so a broker that was away costs seconds. Example:
the message of a judging step is ``["0193…"]`` for ``benchserver.judge`` on queue ``execute``.
"""

from __future__ import annotations

import logging

from celery import Celery
from django.conf import settings
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from benchserver.audit.prepared import MAY_BE_LOST, Rows, rows

logger = logging.getLogger(__name__)

queue = Celery("benchserver", set_as_current=True)
queue.conf.update(
    broker_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    # A page that publishes on commit must not wait for a broker that is away: one quick second
    # try, then the rows wait for the relay. (A worker's own reconnecting knows other settings.)
    broker_transport_options={
        "socket_connect_timeout": 2.0,
        "socket_timeout": 10.0,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
    },
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_max_tasks_per_child=1000,
    worker_proc_alive_timeout=60.0,  # see worker/warming.py
    worker_soft_shutdown_timeout=20.0,
    task_create_missing_queues=True,
    timezone="UTC",
)

if settings.DATABASE_KEEP:
    # Celery would close the connection around every job; `worker/keeping.py` looks after it.
    queue.conf.update(CELERY_DB_REUSE_MAX=2**31)

# step -> (job name, queue): three queues are three machines' worth of rights.
STEPS: dict[str, tuple[str, str]] = {
    "generate": ("benchserver.generate", "generate"),
    "judge": ("benchserver.judge", "execute"),
    "recheck": ("benchserver.recheck", "execute"),
    "admit": ("benchserver.admit", "generate"),
    "identify": ("benchserver.identify", "generate"),
}
_BATCH = 200
_ANY = "SELECT EXISTS (SELECT 1 FROM evaluations_wake)"
_TAKE = """
DELETE FROM evaluations_wake WHERE id = ANY(ARRAY(
    SELECT id FROM evaluations_wake ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING id, step, target"""


def publish_only() -> None:
    """For a process that never listens: a page waits two seconds for a broker that hangs, not ten
    (a worker's own connection is silent for longer than that while it waits for work)."""
    options = {**queue.conf.broker_transport_options, "socket_timeout": 2.0}
    queue.conf.broker_transport_options = options


def flush() -> int:
    """Publish waiting wake-ups, oldest first; returns how many. Never raises for a broker that is
    away: the rows stay and are published later."""
    if not rows(_ANY)[0][0]:  # most often, and then no transaction is worth its price
        return 0
    return publish()


def publish() -> int:
    """The same where something surely waits."""
    total = count = _publish_some()
    while count == _BATCH:
        count = _publish_some()
        total += count
    return total


def _publish_some() -> int:
    """One batch: deleted and sent, or neither."""
    with transaction.atomic():
        try:
            taken = _taken()
            for _, step, target, *_ in sorted(taken):
                _send(step, target)
        except (OperationalError, OSError) as problem:
            transaction.set_rollback(True)
            logger.warning("broker away (%s): wake-ups wait", type(problem).__name__)
            return 0
    return len(taken)


def _taken() -> Rows:
    """What a power cut brings back is published twice, and that costs a look: no disk is waited
    for, save in a transaction that is somebody else's."""
    return rows(_TAKE if connection.savepoint_ids else _TAKE + MAY_BE_LOST, [_BATCH])


def nudge(step: str, target: str) -> None:
    """Wake a step once more, without an outbox row: losing it costs only a reconciler's round."""
    try:
        _send(step, target)
    except (OperationalError, OSError) as problem:
        logger.warning("broker away (%s): the reconciler will wake it", type(problem).__name__)


def _send(step: str, target: str) -> None:
    job, name = STEPS[step]
    queue.send_task(job, args=[target], queue=name, retry=False)
