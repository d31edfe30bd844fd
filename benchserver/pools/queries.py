"""Read-only questions about pools, versions, rotations and forms."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from benchserver.core.lifecycle import RotationState
from benchserver.pools.models import Form, FormEntry, Pool, Rotation, TaskVersion, Track


def newest_versions(pool: Pool) -> QuerySet[TaskVersion]:
    """The newest version of every task of a pool, retired ones included."""
    return (
        TaskVersion.objects.filter(task__pool=pool)
        .order_by("task_id", "-number")
        .distinct("task_id")
        .select_related("task")
        .defer("prompt_sealed", "task_sealed", "salt_sealed")
    )


def originals_of(pool: Pool) -> dict[UUID, UUID]:
    """Version of a twin -> version of the task it rewrites, both the newest of their tasks."""
    return pairs_among(newest_versions(pool))


def pairs_among(versions: Iterable[TaskVersion]) -> dict[UUID, UUID]:
    """The same among these versions of one pool, whatever their numbers."""
    found = list(versions)
    by_name = {version.task.source_mac: version.pk for version in found}
    twins = [version for version in found if version.twin_mac in by_name]
    return {version.pk: by_name[version.twin_mac] for version in twins}


def tasks_of_open_rotation(pool: Pool) -> set[UUID]:
    """Version ids in the forms of the pool's open rotation."""
    entries = FormEntry.objects.filter(
        form__rotation__pool=pool, form__rotation__state=RotationState.OPEN
    )
    return set(entries.values_list("version_id", flat=True))


def open_form(track: Track, now: datetime) -> Form | None:
    """The form of the track's rotation whose window is now, or None."""
    return (
        Form.objects.filter(
            track=track,
            rotation__state=RotationState.OPEN,
            rotation__opens_at__lte=now,
            rotation__closes_at__gt=now,
        )
        .select_related("rotation", "track")
        .first()
    )


def due_to_open(now: datetime) -> QuerySet[Rotation]:
    return Rotation.objects.filter(
        state=RotationState.PLANNED, opens_at__lte=now, closes_at__gt=now
    ).order_by("opens_at")


def due_to_close(now: datetime) -> QuerySet[Rotation]:
    return Rotation.objects.filter(state=RotationState.OPEN, closes_at__lte=now)
