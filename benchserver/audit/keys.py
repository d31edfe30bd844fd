"""Where wrapped data keys are kept, fetched and shredded.

A data key opens a handful of sealed fields and is itself sealed to a right's public half, so the
table alone opens nothing. ``shred`` deletes the row: what it sealed is gone for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connection

from benchserver.audit import prepared
from benchserver.audit.models import DataKey
from benchserver.engines.vault.base import CannotOpen, Right, WrappedKey

COLUMNS = ("id", "right", "key_id", "wrapped")  # for a look that joins a key to what it opens
_CHUNK = 5_000
_KEEP = 'INSERT INTO audit_datakey (id, "right", key_id, wrapped) VALUES (%s, %s, %s, %s)'
_FETCH = 'SELECT id, "right", key_id, wrapped FROM audit_datakey WHERE id = %s'
# Whoever is given a key is in the trail by the same statement.
_FETCH_NOTED = f"""
WITH found AS ({_FETCH}), noted AS (
    INSERT INTO audit_event (actor, verb, target, provider, facts)
    SELECT %s, %s, %s, '', jsonb_build_object() FROM found)
SELECT *{{more}} FROM found
"""


def keep(key: WrappedKey) -> str:
    """Store a wrapped key; returns its id."""
    prepared.run(_KEEP, [key.id, key.right.value, key.key_id, key.wrapped])
    return key.id


def fetch(key_id: str) -> WrappedKey:
    """Raises ``CannotOpen`` (code ``shredded``) when the row is gone."""
    return _found(prepared.rows(_FETCH, [key_id]))


def fetch_noted(key_id: str, *, verb: str, by: str, target: str) -> WrappedKey:
    """The same with an event of the audit trail that says who opens what. Raises ``CannotOpen``."""
    # On its own it need not wait for the disk: nothing is sent, stored or judged by this key
    # without a later commit that does wait.
    more = "" if connection.in_atomic_block else prepared.MAY_BE_LOST
    return _found(prepared.rows(_FETCH_NOTED.format(more=more), [key_id, by, verb, target]))


def _found(rows: list[tuple[Any, ...]]) -> WrappedKey:
    return as_key(rows[0] if rows else None)


def as_key(row: Sequence[Any] | None) -> WrappedKey:
    """From ``COLUMNS``. Raises ``CannotOpen`` (code ``shredded``) when the row is gone, or when a
    join found none."""
    if row is None or row[0] is None:
        raise CannotOpen("shredded", "its data key was deleted")
    name, right, key_id, wrapped = row[:4]
    return WrappedKey(id=name, right=Right(right), key_id=key_id, wrapped=bytes(wrapped))


def shred(key_id: str) -> None:
    DataKey.objects.filter(id=key_id).delete()


def shred_many(key_ids: Sequence[str]) -> int:
    """Delete these rows; returns how many were still there."""
    count = 0
    for start in range(0, len(key_ids), _CHUNK):
        chunk = key_ids[start : start + _CHUNK]
        count += DataKey.objects.filter(id__in=chunk).delete()[0]
    return count


def scrub(*, seconds: float) -> bool:
    """Write the table anew, so that its files hold no deleted row; call outside a transaction.

    A deleted row's bytes otherwise lie in the file until their place is used again. Waits at most
    ``seconds`` for the table; False when others kept it busy. Logs and copies made before (WAL,
    dumps) are not reached.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds * 1000:.0f}ms"])
        try:
            cursor.execute("VACUUM FULL audit_datakey")
        except OperationalError:
            return False
        finally:
            cursor.execute("SELECT set_config('lock_timeout', '0', false)")
    return True
