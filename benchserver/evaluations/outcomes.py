"""Private results of one form as a table, models by tasks: the raw material of task health.

Nothing of it leaves this room but by the admin's own pages and commands. One row per model: its
first complete evaluation, as on the board. Example: three models on 150 tasks with five samples are
a 3 x 150 table of counts between 0 and 5.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db.models import Count, Q

from benchserver.core.lifecycle import EvaluationState
from benchserver.core.task import Split
from benchserver.core.verdict import Verdict
from benchserver.evaluations.models import Attempt, Evaluation, VerdictRecord
from benchserver.evaluations.verdicts import changes
from benchserver.measurement.equating.table import Counts, Flags, Floats
from benchserver.pools.models import Form
from benchserver.providers.models import PanelModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """``passed``: models x tasks, 0 to ``samples``; rows in the order the evaluations started.

    ``families``: cluster label per task, None when each is its own. ``panel``: rows of reference
    models that nobody outside has met the tasks through.
    """

    form: Form
    evaluations: tuple[Evaluation, ...]
    versions: tuple[UUID, ...]
    families: list[Hashable] | None
    passed: Counts
    samples: int
    panel: Flags

    @property
    def shares(self) -> Floats:
        return self.passed / self.samples

    @property
    def models(self) -> int:
        return len(self.evaluations)


def outcomes(form: Form) -> Outcomes:
    """The private part of a form. A sample without a verdict counts as not passed (D11)."""
    found = _first_complete(form)
    entries = form.standing.filter(split=Split.PRIVATE).order_by("position")
    pairs = list(entries.values_list("version_id", "version__family_mac"))
    column = {version: place for place, (version, _) in enumerate(pairs)}
    row = {evaluation.pk: place for place, evaluation in enumerate(found)}
    passed = np.zeros((len(row), len(column)), dtype=np.int64)
    counted = (
        VerdictRecord.objects.filter(attempt__evaluation__in=row, verdict=Verdict.PASSED)
        .filter(attempt__entry__split=Split.PRIVATE, attempt__entry__withdrawn=None)
        .values_list("attempt__evaluation_id", "attempt__entry__version_id")
        .annotate(n=Count("pk"))
    )
    for evaluation, version, n in counted:
        passed[row[evaluation], column[version]] = n
    for evaluation, version, change in changes(row):
        if version in column:
            passed[row[evaluation], column[version]] += change
    labels: list[Hashable] = [family for _, family in pairs]
    return Outcomes(
        form=form,
        evaluations=tuple(found),
        versions=tuple(column),
        families=labels if len(set(labels)) < len(labels) else None,
        passed=passed,
        samples=form.track.protocol.samples,
        panel=_panel(found),
    )


def _panel(found: list[Evaluation]) -> Flags:
    """Which rows are of models that the operator runs itself, so that they expose nothing."""
    members = set(
        PanelModel.objects.filter(model__in=[e.model_id for e in found]).values_list(
            "model_id", flat=True
        )
    )
    return np.array([e.model_id in members for e in found], dtype=np.bool_)


def order_sent(evaluation: Evaluation, versions: tuple[UUID, ...]) -> list[int]:
    """Columns of the table in the order in which this evaluation met the tasks."""
    first = Attempt.objects.filter(evaluation=evaluation, sample=0).order_by("order")
    column = {version: place for place, version in enumerate(versions)}
    met = first.values_list("entry__version_id", flat=True)
    return [column[version] for version in met if version in column]


def forms_of(track_id: UUID, *, newest: int) -> list[Form]:
    """The track's forms that have results, newest window first."""
    with_results = Count(
        "evaluations", filter=Q(evaluations__state=EvaluationState.COMPLETE), distinct=True
    )
    found = Form.objects.filter(track=track_id).annotate(complete=with_results)
    rows = found.filter(complete__gt=0).select_related("track", "rotation")
    return list(rows.order_by("-rotation__opens_at")[:newest])


def _first_complete(form: Form) -> list[Evaluation]:
    """The first complete evaluation of every model, in the order they started."""
    complete = Evaluation.objects.filter(form=form, state=EvaluationState.COMPLETE)
    known: dict[UUID, Evaluation] = {}
    for evaluation in complete.select_related("model", "owner_group").order_by("ended_at", "pk"):
        known.setdefault(evaluation.model_id, evaluation)
    return sorted(known.values(), key=lambda e: (e.created_at, e.pk))
