"""Take faulty tasks out of a frozen form: from now on they are not scored, and the log says so.

The frozen entries stay as they are; what was withdrawn stands beside them, and ``Form.standing`` is
what is left. Whether numbers may leave after it is not decided here (``evaluations/withdraw.py``).
Example: one task with wrong tests and nineteen companions, drawn blindly: 130 of 150 stand.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from benchserver.audit.record import record
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import RotationState
from benchserver.core.task import Split
from benchserver.ledger.append import append
from benchserver.pools.models import (
    Form,
    FormEntry,
    Pool,
    Rotation,
    Task,
    Withdrawal,
    WithdrawnEntry,
)
from benchserver.transparency import entries

_LOT = secrets.SystemRandom()  # nobody who has seen results can have chosen what it draws
# Public words only: a reason in somebody's own words could say what a task asks.
REASONS = {
    "wrong_tests": "its tests reject right solutions or accept wrong ones",
    "unclear_statement": "its statement does not determine what its tests ask",
    "broken_environment": "it cannot be judged as it was meant",
    "leaked": "its content was made public",
    "other": "another fault",
}


def faulty_tasks(pool: Pool, slugs: Sequence[str]) -> list[Task]:
    """Raises ``BadInput`` for a task that the pool does not have."""
    found = {task.slug: task for task in Task.objects.filter(pool=pool, slug__in=slugs)}
    for slug in slugs:
        if slug not in found:
            raise BadInput(f"pool {pool.slug} has no task {slug!r}", place="--task")
    if not found:
        raise BadInput("name a task", place="--task")
    return sorted(found.values(), key=lambda task: task.slug)


def forms_holding(rotation: Rotation, tasks: Collection[Task]) -> list[Form]:
    """The rotation's forms in which one of these tasks still stands, locked.

    Raises ``NotAllowed`` (``bad_state``, ``not_in_rotation``).
    """
    if rotation.state not in (RotationState.OPEN, RotationState.CLOSED):
        raise NotAllowed(
            f"rotation {rotation.slug} is {rotation.state}",
            code="bad_state",
            mend="Retire the task in /admin/; a saved plan that holds it will not open.",
        )
    forms = Form.objects.filter(rotation=rotation).select_related("track", "rotation")
    locked = forms.select_for_update(of=("self",), no_key=True).order_by("track__slug")
    holding = [f for f in locked if scored(f).filter(version__task__in=tasks).exists()]
    if not holding:
        raise NotAllowed(
            f"none of these tasks stands in rotation {rotation.slug}", code="not_in_rotation"
        )
    return holding


def scored(form: Form) -> QuerySet[FormEntry]:
    """What a withdrawal can be from: canary tasks enter no score, and nothing says that they are
    there; a faulty one is retired."""
    return form.standing.exclude(split=Split.CANARY)


def draw_companions(
    forms: Sequence[Form], tasks: Collection[Task], *, count: int
) -> list[FormEntry]:
    """So many private tasks to go with the faulty ones, by lot and blind to results; one entry
    per task and form. Only tasks that all the forms hold, so that each form loses the same.

    Raises ``NotAllowed`` (``too_few_left``) where there are not so many.
    """
    entry_sets = [
        {e.version_id: e for e in form.standing.filter(split=Split.PRIVATE).select_related("form")}
        for form in forms
    ]
    faulty = set(
        FormEntry.objects.filter(form__in=forms, version__task__in=tasks).values_list(
            "version_id", flat=True
        )
    )
    shared = sorted(set.intersection(*(set(found) for found in entry_sets)) - faulty)
    if len(shared) < count:
        raise NotAllowed(
            f"there are only {len(shared)} tasks that could go with it, {count} are needed",
            code="too_few_left",
        )
    chosen = _LOT.sample(shared, count)
    return [found[version] for found in entry_sets for version in chosen]


def withdraw_entries(
    *,
    form: Form,
    faulty: Sequence[FormEntry],
    companions: Sequence[FormEntry],
    reason: str,
    by: str,
) -> Withdrawal:
    """Write down what no longer stands in a form. Call in a transaction that holds the form."""
    standing = form.standing.filter(split=Split.PRIVATE).count()
    gone = [*faulty, *companions]
    hidden = sum(entry.split == Split.PRIVATE for entry in gone)
    withdrawal = Withdrawal.objects.create(
        form=form,
        reason=reason,
        log_index=append(
            "form-withdrawal",
            entries.form_withdrawal(
                rotation=form.rotation.slug,
                track=form.track.slug,
                withdrawn=len(gone),
                standing=standing - hidden,
                reason=reason,
            ),
        ),
    )
    rows = [WithdrawnEntry(entry=e, withdrawal=withdrawal, faulty=True) for e in faulty]
    rows += [WithdrawnEntry(entry=e, withdrawal=withdrawal, faulty=False) for e in companions]
    WithdrawnEntry.objects.bulk_create(rows)
    record(
        "form.withdrawn",
        by=by,
        target=f"{form.rotation.slug}/{form.track.slug}",
        tasks=len(gone),
        faulty=sorted(str(entry.version_id) for entry in faulty),
        reason=reason,
        log_index=withdrawal.log_index,
    )
    return withdrawal


@transaction.atomic
def retire_faulty(tasks: Sequence[Task], *, reason: str, by: str) -> None:
    """No later rotation takes them; a saved plan that holds one will not open."""
    for task in Task.objects.select_for_update().filter(
        pk__in=[task.pk for task in tasks], retired_at=None
    ):
        Task.objects.filter(pk=task.pk).update(retired_at=Now(), retire_reason=REASONS[reason])
        record("task.retired", by=by, target=task.slug)
