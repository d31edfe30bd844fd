"""Plan, open and close rotations: which tasks may be sent from when to when.

A plan is a preview until it is opened; opening freezes one form per track and puts the Merkle root
of all task commitments into the log, in one transaction, before the first prompt can leave.
Example: ``plan(...)`` for two weeks, ``open_rotation(...)`` at its date by the schedule,
``close_rotation(...)`` at its end. Everything goes by the database clock.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from benchserver.audit.record import record
from benchserver.core import forms
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import ROTATION, RotationState
from benchserver.core.rotation import Candidate, Plan, Policy, Window, check_windows, make_plan
from benchserver.core.task import Split
from benchserver.ledger.append import append
from benchserver.pools.models import Form, FormEntry, Pool, Rotation, TaskVersion, Track
from benchserver.pools.queries import newest_versions, originals_of, tasks_of_open_rotation
from benchserver.transparency import commitments, entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """How often a version was met, counted by whoever keeps exposures (final ones only)."""

    groups: int
    by_group_max: int
    first_sent_at: datetime | None


REASON_MAX = 300
NOTHING: Mapping[UUID, str] = MappingProxyType({})
NEVER = Exposed(groups=0, by_group_max=0, first_sent_at=None)


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now.astimezone(UTC)


def preview(
    *,
    pool: Pool,
    policy: Policy,
    exposed: Mapping[UUID, Exposed],
    now: datetime,
    unfit: Mapping[UUID, str] = NOTHING,
) -> Plan:
    """What the next rotation of a pool would be. Changes nothing.

    ``unfit``: why versions should retire although they may still be sent, by whoever knows results.
    """
    return make_plan(candidates_of(pool, exposed=exposed, now=now, unfit=unfit), policy)


def candidates_of(
    pool: Pool,
    *,
    exposed: Mapping[UUID, Exposed],
    now: datetime,
    unfit: Mapping[UUID, str] = NOTHING,
) -> list[Candidate]:
    """All tasks of a pool by their newest version, as a plan sees them."""
    current, originals = tasks_of_open_rotation(pool), originals_of(pool)
    return [
        Candidate(
            version_id=str(version.pk),
            family=version.family_mac,
            split=Split(version.task.split),
            age_days=_age(exposed.get(version.pk, NEVER), now),
            exposures_by_group_max=exposed.get(version.pk, NEVER).by_group_max,
            exposed_groups=exposed.get(version.pk, NEVER).groups,
            topic=version.topic,
            language=version.language,
            difficulty=version.difficulty,
            in_current=version.pk in current,
            retired=version.task.retired_at is not None,
            unfit=unfit.get(version.pk, "") or _leaked(version),
            twin_of=str(originals.get(version.pk, "")),
        )
        for version in newest_versions(pool)
    ]


def _leaked(version: TaskVersion) -> str:
    told = version.task.leaked_at is not None and version.task.split != Split.PUBLIC
    return "marked as leaked" if told else ""


def _age(exposed: Exposed, now: datetime) -> int:
    return 0 if exposed.first_sent_at is None else max(0, (now - exposed.first_sent_at).days)


@transaction.atomic
def save_plan(*, pool: Pool, plan: Plan, window: Window, by: str) -> Rotation:
    """Store a plan as a rotation that opens by itself at its date.

    Raises ``NotAllowed`` when the plan refuses or the window overlaps another of the pool.
    """
    plan.require_ok()
    Pool.objects.select_for_update().get(pk=pool.pk)
    others = pool.rotations.exclude(state=RotationState.ABANDONED)
    check_windows([Window(r.opens_at, r.closes_at, r.slug) for r in others], window)
    if not window.name or Rotation.objects.filter(slug=window.name).exists():
        raise BadInput(f"rotation {window.name!r} exists", place="--name", mend="Name it anew.")
    rotation = Rotation.objects.create(
        slug=window.name,
        pool=pool,
        opens_at=window.opens,
        closes_at=window.closes,
        plan={
            "versions": [*plan.enter, *plan.stay],
            "retire": list(plan.retire),
            "why": {version: plan.reasons[version] for version in plan.retire},
        },
    )
    record("rotation.planned", by=by, target=rotation.slug, tasks=len(plan.enter + plan.stay))
    return rotation


@transaction.atomic
def open_rotation(
    *,
    rotation: Rotation,
    judge_image: str,
    by: str,
    worn: Collection[UUID] = (),
    sandbox_images: Mapping[str, str] | None = None,
) -> Rotation:
    """Freeze the forms and commit to them in the log. Idempotent on an open rotation.

    ``judge_image``: what judges, as a digest, and ``sandbox_images``: in what programs run, both
    are committed to beside the tasks. ``worn``:
    versions that may not be sent again, counted now: a plan made ahead may have lost some to the
    rotation before. Raises ``NotAllowed`` outside the window, when a planned task was retired or
    worn out meanwhile, or when no track takes any of the tasks (one whose protocol names a rule of
    an older program takes none: the commitment would not be what judges).
    """
    rotation = Rotation.objects.select_for_update().get(pk=rotation.pk)
    if rotation.state == RotationState.OPEN:
        return rotation
    ROTATION.check(rotation.state, RotationState.OPEN)
    now = database_now()
    if not rotation.opens_at <= now < rotation.closes_at:
        raise NotAllowed("its window is not now", code="window", mend="Plan another window.")
    versions = _planned_versions(rotation, worn)
    tracks = _runnable(rotation, by)
    frozen = {track: _freeze(rotation, track, versions) for track in tracks}
    if not any(frozen.values()):
        raise NotAllowed("no track takes any of its tasks", code="no_track")
    root = commitments.root_of(commitment_leaves(rotation, versions))
    body = entries.rotation_commit(
        rotation=rotation.slug,
        root=root,
        tasks=len(versions),
        rules={t.slug: t.protocol.digest for t in tracks if frozen[t]},
        judge_image=judge_image,
        opens=rotation.opens_at,
        closes=rotation.closes_at,
        pool=rotation.pool.slug,
        sandbox_images=sandbox_images,
    )
    rotation.root = root.hex()
    rotation.log_index = append("rotation-commit", body)
    rotation.state, rotation.committed_at, rotation.reason = RotationState.OPEN.value, now, ""
    rotation.save()
    _retire(rotation.plan, now)
    record("rotation.opened", by=by, target=rotation.slug, log_index=rotation.log_index)
    return rotation


def commitment_leaves(rotation: Rotation, versions: list[TaskVersion]) -> list[bytes]:
    """The leaf entries of the rotation's commitment tree, in id order."""
    return [
        commitments.task_leaf(bytes.fromhex(v.commitment), index=i, rotation=rotation.slug)
        for i, v in enumerate(versions)
    ]


def _planned_versions(rotation: Rotation, worn: Collection[UUID] = ()) -> list[TaskVersion]:
    """The planned versions in commitment order: by id, which says nothing about content."""
    wanted = rotation.plan["versions"]
    found = list(
        TaskVersion.objects.filter(pk__in=wanted, task__retired_at=None, task__leaked_at=None)
        .exclude(pk__in=worn)
        .select_related("task")
        .order_by("pk")
    )
    if len(found) != len(wanted):
        raise NotAllowed(
            f"{len(wanted) - len(found)} planned tasks were retired or worn out meanwhile",
            code="plan_stale",
            mend="Plan again.",
        )
    return found


def _runnable(rotation: Rotation, by: str) -> list[Track]:
    """The pool's tracks that can be run as they are committed to; others are noted.

    Raises ``NotAllowed`` when there are tracks and none can.
    """
    every = list(rotation.pool.tracks.order_by("slug"))
    found = [track for track in every if not track.protocol.rules_gone()]
    for track in every:
        for name, known in track.protocol.rules_gone().items():
            record(
                "rotation.track_left_out", by=by, target=rotation.slug, track=track.slug, rule=name
            )
            if not found:
                raise NotAllowed(
                    f"track {track.slug} is committed to {name} "
                    f"{getattr(track.protocol, name)!r}, which is not here",
                    code="protocol",
                    mend=f"Make a new track with {name} {known!r}: another rule is another board.",
                )
    return found


def _freeze(rotation: Rotation, track: Track, versions: list[TaskVersion]) -> Form | None:
    """The track's form, or None when it takes none of the versions."""
    chosen = {str(v.pk): Split(v.task.split) for v in versions if _takes(track, v)}
    if not chosen:
        return None
    form = Form.objects.create(
        rotation=rotation, track=track, protocol_digest=track.protocol.digest
    )
    frozen = forms.freeze(chosen, seed=secrets.token_hex(32))
    FormEntry.objects.bulk_create(
        FormEntry(form=form, position=e.position, version_id=e.version_id, split=e.split.value)
        for e in frozen.entries
    )
    return form


def private_sets(pool: Pool, version_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """Track -> the private versions its form would have, were these in a rotation."""
    versions = TaskVersion.objects.filter(pk__in=version_ids, task__split=Split.PRIVATE)
    found = list(versions.only("pk", "shape", "judging_class"))
    return {
        track.slug: frozenset(str(v.pk) for v in found if _takes(track, v))
        for track in pool.tracks.order_by("slug")
    }


def _takes(track: Track, version: TaskVersion) -> bool:
    fits = not track.shapes or version.shape in track.shapes
    return fits and version.judging_class == track.judging_class


def _retire(plan: Mapping[str, Any], now: datetime) -> None:
    why = plan.get("why", {})
    for version in TaskVersion.objects.filter(pk__in=plan.get("retire", [])).select_related("task"):
        task = version.task
        if task.retired_at is None:
            task.retired_at, task.retire_reason = now, why.get(str(version.pk), "worn out")[:200]
            task.save(update_fields=("retired_at", "retire_reason"))


@transaction.atomic
def close_rotation(*, rotation: Rotation, by: str) -> Rotation:
    """End the window now (or note that it has ended). Idempotent on a closed rotation."""
    rotation = Rotation.objects.select_for_update().get(pk=rotation.pk)
    if rotation.state == RotationState.CLOSED:
        return rotation
    ROTATION.check(rotation.state, RotationState.CLOSED)
    now = database_now()
    if now < rotation.closes_at:
        rotation.closes_at = now
    rotation.state = RotationState.CLOSED.value
    rotation.save()
    record("rotation.closed", by=by, target=rotation.slug)
    return rotation


@transaction.atomic
def abandon(*, rotation: Rotation, by: str, reason: str = "dropped by hand") -> None:
    """Drop a plan that has not opened."""
    rotation = Rotation.objects.select_for_update().get(pk=rotation.pk)
    ROTATION.check(rotation.state, RotationState.ABANDONED)
    rotation.state = RotationState.ABANDONED.value
    rotation.reason = reason[:REASON_MAX]
    rotation.save()
    record("rotation.abandoned", by=by, target=rotation.slug, reason=rotation.reason)


def note_refusal(*, rotation: Rotation, refusal: NotAllowed) -> bool:
    """Keep what stops a plan from opening, for those who can mend it; whether that is news."""
    words = f"{refusal.code}: {refusal}"[:REASON_MAX]
    return bool(
        Rotation.objects.filter(pk=rotation.pk, state=RotationState.PLANNED)
        .exclude(reason=words)
        .update(reason=words)
    )


def abandon_stale(*, by: str) -> list[Rotation]:
    """Plans whose whole window has passed: they can never open, and say why they did not."""
    stale = Rotation.objects.filter(state=RotationState.PLANNED, closes_at__lte=database_now())
    gone = []
    for rotation in stale.order_by("closes_at"):
        last = f" ({rotation.reason})" if rotation.reason else ""
        reason = f"its window passed before it could open{last}"
        with suppress(NotAllowed):  # opened or dropped by somebody else this very moment
            abandon(rotation=rotation, by=by, reason=reason)
            rotation.refresh_from_db()
            gone.append(rotation)
    return gone
