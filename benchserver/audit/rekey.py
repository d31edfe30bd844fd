"""Moving every stored data key to another key pair, while workers go on reading and sealing.

Only wrapped data keys change, never a sealed field. Readers accept the old and the new pair, so it
may stop and go on at any time. Example: ``rewrap_all(right=Right.EXECUTE, active="9f…",
rewrap=f)`` moves 1,000 rows a statement until none is left under another id; a row that cannot be
opened is counted by its reason and stays as it is.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection, transaction

from benchserver.audit.models import DataKey
from benchserver.audit.record import record
from benchserver.core.errors import NotAllowed
from benchserver.engines.vault.base import CannotOpen, Right, WrappedKey

BATCH = 1_000
Rewrap = Callable[[WrappedKey], WrappedKey]

_STORE = """
UPDATE audit_datakey AS stored SET key_id = moved.key_id, wrapped = moved.wrapped
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[]) AS moved(id, was, key_id, wrapped)
WHERE stored.id = moved.id AND stored.key_id = moved.was
"""


_OLDER = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
               AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start < %s)
"""


@dataclass(slots=True)
class Rewrapped:
    """What came of it. ``refused``: code -> rows that could not be opened and stay as they are."""

    rewrapped: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def by_key(right: Right) -> dict[str, int]:
    """Key id -> how many data keys are wrapped for it."""
    found = Counter(DataKey.objects.filter(right=right.value).values_list("key_id", flat=True))
    return dict(sorted(found.items()))


def rewrap_all(*, right: Right, active: str, rewrap: Rewrap, by: str) -> Rewrapped:
    """Move all data keys of ``right`` to the pair ``active``; interrupted, it is simply repeated.

    Passes over the table until one moves nothing: a row may be locked, or have just been stored
    by somebody who sealed to the old pair.
    """
    done, started = Rewrapped(), time.monotonic()
    while True:
        moved, refused = _pass(right, active, rewrap)
        done.rewrapped += moved
        done.refused = refused
        if not moved:
            break
    done.seconds = time.monotonic() - started
    record(
        "keys.rewrapped",
        by=by,
        target=right.value,
        active=active,
        rewrapped=done.rewrapped,
        refused=done.refused.total(),
    )
    return done


def _pass(right: Right, active: str, rewrap: Rewrap) -> tuple[int, Counter[str]]:
    """Once over the table by id: rows moved, and the reasons of those that could not be."""
    moved, refused, last = 0, Counter[str](), ""
    while True:
        with transaction.atomic():
            rows = DataKey.objects.filter(right=right.value, id__gt=last).exclude(key_id=active)
            batch = list(rows.select_for_update(skip_locked=True).order_by("id")[:BATCH])
            if not batch:
                return moved, refused
            last = batch[-1].id
            fresh = _rewrapped(batch, right, rewrap, refused)
            _store(fresh)
            moved += len(fresh)


def _rewrapped(
    batch: list[DataKey], right: Right, rewrap: Rewrap, refused: Counter[str]
) -> list[tuple[str, WrappedKey]]:
    """(old key id, key under the active pair) of each row that opens."""
    fresh = []
    for row in batch:
        old = WrappedKey(id=row.id, right=right, key_id=row.key_id, wrapped=bytes(row.wrapped))
        try:
            fresh.append((row.key_id, rewrap(old)))
        except CannotOpen as problem:
            refused[problem.code] += 1
    return fresh


def _store(fresh: list[tuple[str, WrappedKey]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            [
                [key.id for _, key in fresh],
                [was for was, _ in fresh],
                [key.key_id for _, key in fresh],
                [key.wrapped for _, key in fresh],
            ],
        )


def check_retirable(*, right: Right, active: str) -> None:
    """Raises ``NotAllowed`` while a stored data key needs another pair than ``active``."""
    left = {name: count for name, count in by_key(right).items() if name != active}
    if left:
        reason = f"{sum(left.values())} data keys of {right.value} still need an old pair"
        raise NotAllowed(reason, code="still_needed", mend="Run: rekey rewrap")


def await_older_transactions(seconds: float) -> None:
    """Return when every transaction that is open now has ended: one of them may have sealed to
    the old pair and not stored its data key yet. Raises ``NotAllowed`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (mark,) = cursor.fetchone()
        while True:
            cursor.execute(_OLDER, [mark])
            if not cursor.fetchone()[0]:
                return
            if time.monotonic() > deadline:
                reason = f"a transaction has been open for {seconds:.0f} s and may hold an old key"
                raise NotAllowed(reason, code="busy", mend="End it, or try again later")
            time.sleep(0.1)
