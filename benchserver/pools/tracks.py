"""Set up pools and their boards."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from benchserver.audit.record import record
from benchserver.core.errors import BadInput
from benchserver.core.protocol import Protocol
from benchserver.pools.models import Pool, Track


@transaction.atomic
def ensure_pool(*, slug: str, name: str, by: str) -> Pool:
    """The pool of that name, created if missing."""
    pool, created = Pool.objects.get_or_create(slug=slug, defaults={"name": name})
    if created:
        record("pool.created", by=by, target=slug)
    return pool


@transaction.atomic
def ensure_track(
    *,
    pool: Pool,
    slug: str,
    name: str,
    protocol: Protocol,
    by: str,
    shapes: Sequence[str] = (),
    judging_class: str = "provable",
) -> Track:
    """The track of that name. Raises ``BadInput`` when it exists under another protocol: another
    protocol or class is another board (D16, D18), and for a protocol no run could honour."""
    protocol.require_runnable()
    track, created = Track.objects.get_or_create(
        slug=slug,
        defaults={
            "name": name,
            "pool": pool,
            "shapes": list(shapes),
            "judging_class": judging_class,
            "protocol_payload": protocol.to_payload(),
        },
    )
    if created:
        record("track.created", by=by, target=slug, protocol=protocol.digest)
    elif track.judging_class != judging_class:
        raise BadInput(
            f"track {slug!r} holds {track.judging_class} tasks, and one board holds one class",
            place="track",
            mend="Give the other class a track of its own.",
        )
    elif track.protocol != protocol or track.pool_id != pool.pk:
        raise BadInput(
            f"track {slug!r} exists with another pool or protocol",
            place="track",
            mend="Give the new conditions a track of their own.",
        )
    return track
