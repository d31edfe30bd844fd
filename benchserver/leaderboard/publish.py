"""The only road from private to public: choose, audit, copy, sign, log.

``publish`` takes the first complete evaluation of every model in one rotation (D7), asks the
disclosure rules whether those numbers may leave, copies them into leaderboard tables and puts the
exact bytes into the signed log. Example: a board of 12 private tasks is refused with
``disclosure_small_cell`` and nothing is written.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from benchserver.audit.record import record
from benchserver.core.completeness import enough_verdicts
from benchserver.core.disclosure import MIN_CELL
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import EvaluationState, RotationState
from benchserver.core.payload import to_payload
from benchserver.core.task import Split
from benchserver.engines.signing.base import LogSigner
from benchserver.engines.vault.base import Opener, Sealer
from benchserver.evaluations import score
from benchserver.evaluations.models import Evaluation, Send, VerdictRecord
from benchserver.evaluations.panel import competitors
from benchserver.evaluations.repeats import told_for
from benchserver.leaderboard import audit, reissue
from benchserver.leaderboard.board import first_send, moment_text, shown_board
from benchserver.leaderboard.models import PublishedRotation, PublishedTask, Snapshot
from benchserver.ledger.append import append
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.ledger.sign import inclusion, sign_log
from benchserver.pools.disclose import public_tasks
from benchserver.pools.models import Form, Rotation, TaskVersion, Track
from benchserver.pools.rotate import commitment_leaves, database_now
from benchserver.transparency.canonical import canonical
from benchserver.transparency.entries import FIRST_PREV, entry_hash

_LOCK = 0x9B0A2D  # one publication at a time: snapshots form a chain


def publish(
    *,
    track: Track,
    rotation: Rotation | None = None,
    signer: LogSigner,
    sealer: Sealer,
    by: str,
    min_cell: int = MIN_CELL,
) -> Snapshot:
    """Build, audit, log, sign and copy a snapshot of one board.

    ``rotation``: None means the track's newest. Raises ``NotAllowed`` with the auditor's code. The
    signature comes after the commit of the entry, so a crash never leaves a signed tree that the
    database does not hold; what a crash left logged but not copied is copied by the next call.
    """
    index = _log_snapshot(track=track, rotation=rotation, sealer=sealer, by=by, min_cell=min_cell)
    copy_logged(signer=signer)
    snapshot = Snapshot.objects.get(log_index=index)
    publish_rotation(rotation=Rotation.objects.get(slug=snapshot.rotation))
    return snapshot


@transaction.atomic
def _log_snapshot(
    *, track: Track, rotation: Rotation | None, sealer: Sealer, by: str, min_cell: int
) -> int:
    """The audited snapshot as a log entry; returns its index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    form = reissue.held(_form(track, rotation))
    ranked, unranked = _choose(form)
    told = {e.pk: told_for(e, min_cell=min_cell, shown=ranked) for e in ranked}
    audit.require_publishable(form, list(told.values()), min_cell=min_cell)
    for evaluation in ranked:  # outcomes are committed to before the score that rests on them
        score.store(evaluation, sealer=sealer)
    logged = Entry.objects.filter(kind="snapshot").order_by("-index")
    previous = logged.first()
    now = moment_text(database_now())
    board = shown_board(form, ranked, unranked, told=told, min_cell=min_cell)
    body = canonical(
        {
            # The log's own fields (transparency/entries.py), then what the board shows.
            **{"t": "snapshot", "v": 1, "seq": logged.count(), "rot": form.rotation.slug},
            **{"as_of": now, "min_cell": min_cell},
            "prev": entry_hash(bytes(previous.body)) if previous else FIRST_PREV,
            "kind": "snapshot",
            "method": score.METHOD,
            "sequence": logged.count(),
            "published_at": now,
            **board,
        }
    )
    index = append("snapshot", body)
    reissue.note(board)
    record("snapshot.logged", by=by, target=track.slug, log_index=index)
    return index


def copy_logged(*, signer: LogSigner) -> int:
    """Sign the log and copy every logged snapshot that has no public row yet; returns how many."""
    checkpoint = sign_log(signer=signer)
    known = Snapshot.objects.values_list("log_index", flat=True)
    pending = Entry.objects.filter(kind="snapshot").exclude(index__in=known)
    if checkpoint is None:
        return 0
    count = 0
    for entry in pending.filter(index__lt=checkpoint.size):
        _copy(entry, checkpoint)
        count += 1
    return count


def _copy(entry: Entry, checkpoint: Checkpoint) -> None:
    body = bytes(entry.body)
    board = json.loads(body)
    # The scheduled copy and a publication may meet here: the first one's row stands.
    Snapshot.objects.get_or_create(
        sequence=board["seq"],
        defaults={
            "track": board["track"]["slug"],
            "rotation": board["rot"],
            "body": body.decode(),
            "digest": entry_hash(body),
            "log_index": entry.index,
            "checkpoint": checkpoint.note,
            "proof": inclusion(entry.index, checkpoint.size),
            "published_at": database_now(),
        },
    )


def _form(track: Track, rotation: Rotation | None) -> Form:
    forms = Form.objects.filter(track=track).select_related("rotation__pool", "track")
    if rotation is not None:
        forms = forms.filter(rotation=rotation)
    form = forms.order_by("-rotation__opens_at").first()
    if form is None:
        raise NotAllowed(
            f"track {track.slug} has had no rotation",
            code="no_rotation",
            mend="Open one: rotation open --pool " + track.pool.slug,
        )
    return form


def _choose(form: Form) -> tuple[list[Evaluation], list[tuple[Evaluation, str]]]:
    """(first complete evaluation per model, the rest of the models with the reason).

    First is what was complete first: one that was left incomplete and is resumed later cannot
    replace a result its provider has seen. After closing an evaluation with few missing verdicts
    counts too, scored as not passed (D11), where the model has no complete one.
    """
    ranked: dict[Any, Evaluation] = {}
    waiting: dict[Any, tuple[Evaluation, str]] = {}
    evaluations = competitors(Evaluation.objects.filter(form=form)).order_by("created_at")
    found = list(evaluations.select_related("model__owner_group", "owner_group", "track"))
    for evaluation in sorted(found, key=_completion):
        if evaluation.model_id in ranked:
            continue
        reason = _why_unranked(evaluation, form.rotation)
        if reason:
            waiting.setdefault(evaluation.model_id, (evaluation, reason))
        else:
            ranked[evaluation.model_id] = evaluation
    rest = [pair for model, pair in waiting.items() if model not in ranked]
    return list(ranked.values()), rest


def _completion(evaluation: Evaluation) -> tuple[bool, datetime]:
    complete = evaluation.state == EvaluationState.COMPLETE
    return not complete, evaluation.ended_at or evaluation.created_at


def _why_unranked(evaluation: Evaluation, rotation: Rotation) -> str:
    """Empty when the evaluation may be ranked, else the reason in words."""
    if evaluation.state == EvaluationState.COMPLETE:
        return ""
    if evaluation.state == EvaluationState.RUNNING:
        return "still running"
    if evaluation.state == EvaluationState.CANCELLED:
        return _how_cancelled(evaluation)
    asked = score.asked(evaluation)
    judged, total = VerdictRecord.objects.filter(attempt__in=asked).count(), asked.count()
    closed = rotation.state == RotationState.CLOSED
    if enough_verdicts(judged=judged, total=total, closed=closed):
        return ""
    return f"{total - judged} of {total} attempts have no verdict because of faults"


def _how_cancelled(evaluation: Evaluation) -> str:
    """Withdrawn: not one task had left. It is in the public count all the same."""
    if Send.objects.filter(attempt__evaluation=evaluation).exists():
        return "cancelled by its provider"
    return "withdrawn by its provider before any task was sent"


def publish_rotation(*, rotation: Rotation) -> PublishedRotation:
    """Copy the public facts of an opened or closed rotation."""
    if rotation.committed_at is None or rotation.log_index is None:
        raise NotAllowed(f"rotation {rotation.slug} has no commitment yet", code="bad_state")
    versions = TaskVersion.objects.filter(pk__in=rotation.plan["versions"])
    ordered = list(versions.order_by("pk"))
    started = competitors(Evaluation.objects.filter(rotation=rotation))
    row, _ = PublishedRotation.objects.update_or_create(
        name=rotation.slug,
        defaults={
            "pool": rotation.pool.slug,
            "state": rotation.state,
            "opens_at": rotation.opens_at,
            "closes_at": rotation.closes_at,
            "private_tasks": versions.filter(task__split=Split.PRIVATE).count(),
            "public_tasks": versions.filter(task__split=Split.PUBLIC).count(),
            "root": rotation.root,
            "leaves": [leaf.decode() for leaf in commitment_leaves(rotation, ordered)],
            "committed_at": rotation.committed_at,
            "log_index": rotation.log_index,
            "first_send_at": first_send(rotation),
            "evaluations_started": started.count(),
            "evaluations_complete": started.filter(state=EvaluationState.COMPLETE).count(),
        },
    )
    return row


def unannounced() -> list[Rotation]:
    """Opened or closed rotations whose public facts still say otherwise, or nothing at all: new
    ones, and those whose announcement a crash or a missing signer cut off."""
    shown = dict(PublishedRotation.objects.values_list("name", "state"))
    told = (RotationState.OPEN, RotationState.CLOSED)
    rotations = Rotation.objects.filter(state__in=told).order_by("opens_at")
    return [rotation for rotation in rotations if shown.get(rotation.slug) != rotation.state]


def announce(*, rotation: Rotation, signer: LogSigner) -> PublishedRotation:
    """Sign the log as it stands and show the rotation's public facts."""
    sign_log(signer=signer)
    return publish_rotation(rotation=rotation)


@transaction.atomic
def publish_tasks(*, rotation: Rotation, opener: Opener, by: str) -> int:
    """Copy the rotation's public control tasks out, whole; returns how many. Private ones stay."""
    count = 0
    for version, task in public_tasks(rotation=rotation, opener=opener, by=by):
        PublishedTask.objects.update_or_create(
            name=version.task.slug,
            defaults={
                "pool": rotation.pool.slug,
                "rotation": rotation.slug,
                "payload": to_payload(task),
                "commitment": version.commitment,
            },
        )
        count += 1
    record("tasks.published", by=by, target=rotation.slug, count=count)
    return count
