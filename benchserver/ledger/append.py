"""Append to the transparency log: gapless indexes, one writer at a time, nothing ever changed.

Example: ``append("rotation-commit", body)`` inside the transaction that opens the rotation gives
its index; either both exist or neither does.
"""

from __future__ import annotations

from django.db import connection, transaction

from benchserver.ledger.models import Entry
from benchserver.transparency.merkle import leaf_hash

_LOCK = 0x1ED6E2  # advisory lock of the log's only writer


def append(kind: str, body: bytes) -> int:
    """Append one entry; returns its index. Must run inside the transaction it belongs to."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a log entry belongs to a transaction")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = Entry.objects.order_by("-index").values_list("index", flat=True).first()
    index = 0 if last is None else last + 1
    Entry.objects.create(index=index, kind=kind, body=body, leaf_hash=leaf_hash(body).hex())
    return index
