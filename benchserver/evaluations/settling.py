"""Can what is left of a running evaluation still change a tier? For the admin's eyes only.

The evaluation's results so far stand beside the complete ones of its form, and
``measurement/stopping.py`` foretells the rest. Example: 300 of 750 attempts left, and no drawn
completion moves anybody: the next protocol may ask for fewer samples. The evaluation itself goes
on: a result counts when every attempt has its verdict, and no provider is told half a result.
"""

from __future__ import annotations

from collections.abc import Iterable

from benchserver.core.lifecycle import EvaluationState
from benchserver.core.task import Split
from benchserver.core.verdict import Verdict
from benchserver.evaluations import score
from benchserver.evaluations.models import Evaluation, VerdictRecord
from benchserver.evaluations.panel import competitors
from benchserver.evaluations.verdicts import corrections
from benchserver.measurement.stopping import ERROR_RATE, Look, look, settled_after


def foretell(evaluation: Evaluation) -> Look | None:
    """None unless it is running; not settled while it is alone on its board."""
    if evaluation.state != EvaluationState.RUNNING:
        return None
    tables = [score.results(e, Split.PRIVATE) for e in (*_rivals(evaluation), evaluation)]
    if len(tables) < 2 or not tables[0]:
        return Look(settled=False, reason="no other model is complete on this form", left=0)
    return look(
        [[task.passed for task in tasks] for tasks in tables],
        [[task.samples - task.missing for task in tasks] for tasks in tables],
        evaluation.track.protocol.samples,
        families=score.families(tables[0]),
    )


def words(found: Look | None) -> str:
    """One line for a page; empty when there is nothing to foretell."""
    if found is None:
        return ""
    if found.settled:
        return (
            f"Settled: {found.left} samples of hidden tasks are left and none can change a tier "
            f"(wrong in at most {ERROR_RATE:.0%} of cases). It goes on: only whole results count."
        )
    return f"Open: {found.reason}."


def enough_samples(slugs: Iterable[str]) -> str:
    """After how many samples the tiers of these complete evaluations of one form were settled, in
    words for the admin who chooses the next protocol; empty where nothing can be said."""
    chosen = Evaluation.objects.filter(slug__in=list(slugs)).select_related("track", "form")
    evaluations = list(chosen.order_by("slug"))
    planned = evaluations[0].track.protocol.samples if len(evaluations) > 1 else 0
    tables = [score.results(evaluation, Split.PRIVATE) for evaluation in evaluations]
    if planned < 2 or not tables[0]:
        return ""
    outcomes = [_by_sample(e, t) for e, t in zip(evaluations, tables, strict=True)]
    k = settled_after(outcomes, families=score.families(tables[0]))
    if k is None:
        return f"All {planned} samples of a task were needed to settle the tiers."
    return (
        f"After {k} of {planned} samples of each task no further one could have changed a tier "
        f"(wrong in at most {ERROR_RATE:.0%} of cases): the next protocol may ask for fewer."
    )


def _by_sample(evaluation: Evaluation, tasks: list[score.TaskResult]) -> list[list[bool]]:
    """Tasks x samples, in form order; a missing verdict is not passed (D11)."""
    passed = VerdictRecord.objects.filter(
        attempt__evaluation=evaluation, verdict=Verdict.PASSED
    ).values_list("attempt__entry__version_id", "attempt__sample")
    found = {(str(version), sample) for version, sample in passed}
    for attempt, verdict in corrections([evaluation.pk]):
        place = str(attempt.entry.version_id), attempt.sample
        found = found | {place} if verdict == Verdict.PASSED else found - {place}
    return [[(t.version_id, k) in found for k in range(t.samples)] for t in tasks]


def _rivals(evaluation: Evaluation) -> list[Evaluation]:
    """The first complete evaluation of every other model on the form."""
    complete = competitors(Evaluation.objects.filter(form=evaluation.form))
    complete = complete.filter(state=EvaluationState.COMPLETE).exclude(model=evaluation.model)
    first: dict[object, Evaluation] = {}
    for other in complete.select_related("track", "form").order_by("ended_at", "created_at"):
        first.setdefault(other.model_id, other)
    return list(first.values())
