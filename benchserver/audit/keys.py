"""Where wrapped data keys are kept, fetched and shredded.

A data key opens a handful of sealed fields and is itself sealed to a right's public half, so the
table alone opens nothing. ``shred`` deletes the row: what it sealed is gone for good.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import OperationalError, connection

from benchserver.audit.models import DataKey
from benchserver.engines.vault.base import CannotOpen, Right, WrappedKey

_CHUNK = 5_000


def keep(key: WrappedKey) -> str:
    """Store a wrapped key; returns its id."""
    DataKey.objects.create(id=key.id, right=key.right.value, key_id=key.key_id, wrapped=key.wrapped)
    return key.id


def fetch(key_id: str) -> WrappedKey:
    """Raises ``CannotOpen`` (code ``shredded``) when the row is gone."""
    row = DataKey.objects.filter(id=key_id).first()
    if row is None:
        raise CannotOpen("shredded", "its data key was deleted")
    return WrappedKey(
        id=row.id, right=Right(row.right), key_id=row.key_id, wrapped=bytes(row.wrapped)
    )


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
