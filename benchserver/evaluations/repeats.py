"""Which result is told when a group evaluates a model again, or two that answer alike (D15).

The board shows the first complete evaluation whatever comes later; its provider is told a later
one's hidden result only when it is better by more than one standard error over enough tasks, and
else the result told before, labelled. Another model of the same group is told as the earlier one
where hardly any task came out differently: one task failed on purpose would tell its verdict.
Example: 41.2 first and 41.9 at the second try: the second page says 41.2 and names the first.

Nothing is kept for it: the answer follows from the evaluations that were complete by then, so it
never changes later, and board and provider get the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from benchserver.core.disclosure import MIN_CELL
from benchserver.core.lifecycle import EvaluationState
from benchserver.core.task import Split
from benchserver.evaluations.models import Evaluation
from benchserver.evaluations.score import TaskResult, results, vector
from benchserver.measurement.adaptive.ladder import told
from benchserver.measurement.adaptive.siblings import alike


def told_for(
    evaluation: Evaluation, *, min_cell: int, shown: Sequence[Evaluation] = ()
) -> Evaluation:
    """The evaluation whose hidden result is told for this one, often itself.

    ``shown``: what the board is to show; those that lack verdicts come after the complete ones.
    """
    history = _history(evaluation, shown)
    if len(history) == 1:
        return evaluation
    found = {one.pk: results(one, Split.PRIVATE) for one in history}
    if len(found[evaluation.pk]) < max(2, min_cell):
        return evaluation  # nothing is told of so small a form
    return _resolved(history, found, min_cell)[evaluation.pk]


def _resolved(
    history: Sequence[Evaluation], found: dict[UUID, list[TaskResult]], min_cell: int
) -> dict[UUID, Evaluation]:
    """Each evaluation of the group in turn -> the one that is told for it."""
    answers: dict[UUID, Evaluation] = {}
    news: list[Evaluation] = []  # those told as themselves
    for place, one in enumerate(history):
        same = [e for e in history[: place + 1] if e.model_id == one.model_id]
        best = same[told([vector(found[e.pk]) for e in same], min_changed=min_cell)]
        if best.pk == one.pk:
            best = next((e for e in news if _alike(found, e, one)), one)
        answers[one.pk] = answers.get(best.pk, best)
        news += [one] if best.pk == one.pk else []
    return answers


def _alike(found: dict[UUID, list[TaskResult]], told_one: Evaluation, new: Evaluation) -> bool:
    if told_one.model_id == new.model_id:
        return False  # the Ladder has decided that it is clearly better
    earlier, later = ([t.passed for t in found[one.pk]] for one in (told_one, new))
    return alike(earlier, later, min_cell=MIN_CELL)


def _history(evaluation: Evaluation, shown: Sequence[Evaluation]) -> list[Evaluation]:
    """What is told of the group on this form, in the order it ended, up to this evaluation."""
    group = evaluation.provider.owner_group_id
    same = Evaluation.objects.filter(form=evaluation.form_id, provider__owner_group=group)
    complete = same.filter(state=EvaluationState.COMPLETE).select_related(
        "track", "form", "model", "provider", "owner_group", "rotation"
    )
    ours = {one.pk: one for one in shown if one.provider.owner_group_id == group}
    known = {**ours, **{one.pk: one for one in complete}, evaluation.pk: evaluation}
    found = sorted(known.values(), key=_ending)
    return found[: found.index(evaluation) + 1]


def _ending(one: Evaluation) -> tuple[bool, datetime, UUID]:
    return one.state != EvaluationState.COMPLETE, one.ended_at or one.created_at, one.pk
