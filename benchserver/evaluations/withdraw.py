"""Withdraw faulty tasks from an open or closed rotation without telling anybody's single verdict.

Where nothing was told about a form yet, a faulty task simply goes. Where a group knows its total,
the old total less the new one would be that task's result: then at least ``MIN_CELL`` tasks go
together, the others drawn blindly, or the form stays and the task is left out next time. Example:
one of 150 tasks after the board was shown: refused, or withdrawn with 19 companions.

Every group's new totals are held against all it was ever told before anything is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from benchserver.core.disclosure import MIN_CELL, Refusal
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import AttemptState, EvaluationState
from benchserver.core.task import Split
from benchserver.evaluations import score, told
from benchserver.evaluations.models import Attempt, Evaluation, Told, VerdictCorrection
from benchserver.evaluations.panel import competitors
from benchserver.pools import withdraw as pools
from benchserver.pools.models import Form, FormEntry, Rotation, Task
from benchserver.providers.models import OwnerGroup

# In these an attempt is nobody's: it may end here. What is in flight ends by itself, unscored.
_IDLE = (
    AttemptState.READY,
    AttemptState.AMBIGUOUS,
    AttemptState.GENERATED,
    AttemptState.FAULTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """What was taken out of one form. ``standing``: private tasks left; ``told``: whether a number
    about the form had left before, so that it has to be issued anew."""

    form: Form
    faulty: int
    companions: int
    standing: int
    told: bool


@transaction.atomic
def withdraw(
    *,
    rotation: Rotation,
    tasks: Sequence[Task],
    reason: str,
    by: str,
    companions: bool = False,
    min_cell: int = MIN_CELL,
) -> list[Withdrawn]:
    """Take tasks out of all forms of a rotation, and of every later one.

    ``companions``: draw as many sound tasks as are missing to ``min_cell``. Raises ``BadInput`` for
    an unknown reason, ``NotAllowed`` with ``disclosure_<rule>`` and the sets to blame,
    ``too_few_left``, ``not_in_rotation`` or ``bad_state``; nothing is written then.
    """
    if reason not in pools.REASONS:
        known = ", ".join(pools.REASONS)
        raise BadInput(f"no reason {reason!r}", place="--why", mend=f"One of: {known}.")
    forms = pools.forms_holding(rotation, tasks)
    groups = _locked_groups(forms)
    known_before = {form.pk: _told_of(form) for form in forms}
    drawn = _companions(forms, tasks, min_cell) if companions and any(known_before.values()) else []
    done = [
        _take_out(form, tasks, drawn, reason=reason, by=by, told_before=known_before[form.pk])
        for form in forms
    ]
    _require_enough_left(done, min_cell)
    _let_corrections_count(forms)
    _require_tellable(forms, groups, min_cell)
    pools.retire_faulty(tasks, reason=reason, by=by)
    for form in forms:
        _settle(form)
    return done


def _locked_groups(forms: Sequence[Form]) -> list[OwnerGroup]:
    """Everybody who was evaluated on them: nobody is told anything until this is done."""
    found = OwnerGroup.objects.filter(providers__evaluations__form__in=forms).distinct()
    groups = list(found.order_by("pk"))
    for group in groups:
        told.lock(group)
    return groups


def _told_of(form: Form) -> bool:
    return Told.objects.filter(evaluation__form=form).exists()


def _companions(forms: Sequence[Form], tasks: Sequence[Task], min_cell: int) -> list[FormEntry]:
    """Enough for the form that loses the fewest private tasks by itself; none where none goes."""
    going = [
        form.standing.filter(version__task__in=tasks, split=Split.PRIVATE).count() for form in forms
    ]
    missing = max((min_cell - n for n in going if n), default=0)
    return pools.draw_companions(forms, tasks, count=missing) if missing > 0 else []


def _take_out(
    form: Form,
    tasks: Sequence[Task],
    drawn: Sequence[FormEntry],
    *,
    reason: str,
    by: str,
    told_before: bool,
) -> Withdrawn:
    faulty = list(pools.scored(form).filter(version__task__in=tasks))
    along = [entry for entry in drawn if entry.form_id == form.pk]
    pools.withdraw_entries(form=form, faulty=faulty, companions=along, reason=reason, by=by)
    return Withdrawn(
        form=form,
        faulty=len(faulty),
        companions=len(along),
        standing=form.standing.filter(split=Split.PRIVATE).count(),
        told=told_before,
    )


def _require_enough_left(done: Sequence[Withdrawn], min_cell: int) -> None:
    for each in done:
        if each.told and each.standing < min_cell:
            raise NotAllowed(
                f"{each.standing} private tasks would stand on {each.form.track.slug}; a board "
                f"needs {min_cell}",
                code="too_few_left",
                mend="Leave this form as it is: --later keeps the task out of the next rotations.",
            )


def _let_corrections_count(forms: Sequence[Form]) -> None:
    """What waited because its set had been told counts on the new one."""
    waiting = VerdictCorrection.objects.filter(
        attempt__evaluation__form__in=forms, counts_since=None
    )
    waiting.update(counts_since=Now())


def _require_tellable(forms: Sequence[Form], groups: Sequence[OwnerGroup], min_cell: int) -> None:
    """The auditor's leave for every total that anybody will be told on the new set."""
    found: list[Refusal] = []
    for group in groups:
        finished = competitors(
            Evaluation.objects.filter(
                form__in=forms, provider__owner_group=group, state=EvaluationState.COMPLETE
            )
        ).select_related("model", "rotation", "track", "form")
        fresh = [told.whole(e, score.results(e, Split.PRIVATE)) for e in finished]
        large = [release for release in fresh if len(release.cell.task_ids) >= min_cell]
        found += told.refusals(group, large, min_cell=min_cell)
    if found:
        raise NotAllowed(
            f"{found[0].reason} ({'; '.join(found[0].labels)})"
            + (f". And {len(found) - 1} more." if len(found) > 1 else ""),
            code=f"disclosure_{found[0].code}",
            mend=f"--companions withdraws at least {min_cell} tasks together, the others by lot; "
            "--later leaves this form as it is and keeps the task out of the next rotations.",
        )


def _settle(form: Form) -> None:
    """Attempts on what no longer stands end; evaluations that only they held up may finish."""
    going = (EvaluationState.RUNNING, EvaluationState.INCOMPLETE)
    Attempt.objects.filter(
        evaluation__form=form,
        evaluation__state__in=going,
        entry__withdrawn__isnull=False,
        state__in=_IDLE,
    ).update(state=AttemptState.CANCELLED, reason="task_withdrawn")
    stuck = Evaluation.objects.filter(form=form, state=EvaluationState.INCOMPLETE)
    for evaluation in stuck.exclude(attempts__state=AttemptState.FAULTED):
        # its attempts have all ended, so the next look finishes it
        Evaluation.objects.filter(pk=evaluation.pk).update(
            state=EvaluationState.RUNNING, ended_at=None
        )
    for evaluation in Evaluation.objects.filter(form=form, score__isnull=False):
        score.renew(evaluation)
