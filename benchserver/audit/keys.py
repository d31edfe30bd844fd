"""Where wrapped data keys are kept, fetched and shredded.

A data key opens a handful of sealed fields and is itself sealed to a right's public half, so the
table alone opens nothing. ``shred`` deletes the row: what it sealed is gone for good.
"""

from __future__ import annotations

from benchserver.audit.models import DataKey
from benchserver.engines.vault.base import CannotOpen, Right, WrappedKey


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
