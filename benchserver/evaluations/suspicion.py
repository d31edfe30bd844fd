"""What the tests for memory have to look at: each evaluation of a form as counts and scores.

Everything here is read from private outcomes and leaves only as a grade with aggregates. Example:
of a form with eight panel models an evaluation gets its gap against theirs, a cliff on the dated
public tasks, canaries passed, replies that recite the reference and failures shared with others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from uuid import UUID

from benchserver.core.lifecycle import EvaluationState
from benchserver.core.task import Split
from benchserver.evaluations import rewritten
from benchserver.evaluations.models import Evaluation, ReplyTrace
from benchserver.evaluations.score import TaskResult, results, vector
from benchserver.measurement.contamination import battery, cliff, relay
from benchserver.measurement.contamination.canaries import Passes
from benchserver.measurement.contamination.winnowing import Overlap, flagged
from benchserver.pools.models import Form, TaskVersion
from benchserver.providers.models import PanelModel

MIN_PANEL = 3
MIN_TASKS = 10
MIN_FAILURES = 10  # tasks two models must both fail before likeness says anything

Tasks = Sequence[TaskResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One form's evaluations with their results; ``panel``: those of reference models."""

    form: Form
    judged: tuple[Evaluation, ...]
    panel: tuple[Evaluation, ...]
    public: Mapping[UUID, Tasks]
    private: Mapping[UUID, Tasks]
    written: Mapping[str, date | None]
    traces: Mapping[UUID, Sequence[ReplyTrace]] = field(default_factory=dict)
    pairs: rewritten.Pairs = rewritten.NONE

    def split(self, evaluation: Evaluation) -> tuple[list[float], list[float]]:
        """(public, private) task scores of one evaluation."""
        return vector(self.public[evaluation.pk]), vector(self.private[evaluation.pk])


def bench(form: Form, chosen: Sequence[Evaluation]) -> Bench:
    """Read a form's rooms once; ``chosen``: the evaluation that counts for each model."""
    panel = tuple(e for e in chosen if is_panel(e))
    dates = TaskVersion.objects.filter(pk__in=form.standing.values("version_id"))
    return Bench(
        form=form,
        judged=tuple(e for e in chosen if not is_panel(e)),
        panel=panel,
        public={e.pk: results(e, Split.PUBLIC) for e in chosen},
        private={e.pk: results(e, Split.PRIVATE) for e in chosen},
        written={str(pk): day for pk, day in dates.values_list("pk", "written_on")},
        traces=_traces(chosen),
        pairs=rewritten.pairs_of(form),
    )


def is_panel(evaluation: Evaluation) -> bool:
    """Run by the operator on weights it holds: the measure for the others, never a suspect."""
    return PanelModel.objects.filter(model=evaluation.model_id).exists()


def subject(evaluation: Evaluation, on: Bench) -> battery.Subject:
    """All that can be tested on one evaluation; what has no data stays None."""
    return battery.Subject(
        dated=_dated(evaluation, on),
        measured=_measured(evaluation, on),
        canaries=_canaries(evaluation, on),
        salts=sum(trace.salts > 0 for trace in on.traces.get(evaluation.pk, ())),
        replies=_replies(evaluation, on),
        literals=_literals(evaluation, on),
        twins=_twins(evaluation, on),
        relay=_relayed(evaluation, on),
    )


def _dated(evaluation: Evaluation, on: Bench) -> battery.Dated | None:
    """Public tasks by date against the panel's results; needs a declared cutoff."""
    cutoff = evaluation.model.declared_cutoff
    older = [p for p in on.panel if _older(p, cutoff)]
    if cutoff is None or not older:
        return None
    tasks = on.public[evaluation.pk]
    passes = [[t.passed for t in on.public[p.pk]] for p in older]
    samples = [[t.samples for t in on.public[p.pk]] for p in older]
    return battery.Dated(
        written=tuple(on.written[t.version_id] for t in tasks),
        cutoff=cutoff,
        start=max(p.model.declared_cutoff for p in older if p.model.declared_cutoff),
        scores=tuple(vector(tasks)),
        panel_passed=tuple(float(sum(column)) for column in zip(*passes, strict=True)),
        panel_samples=tuple(float(sum(column)) for column in zip(*samples, strict=True)),
        controls=tuple(tuple(vector(on.public[p.pk])) for p in older),
    )


def _older(panel: Evaluation, cutoff: date | None) -> bool:
    """A control had seen neither side: its own cutoff lies before the target's dead zone."""
    own = panel.model.declared_cutoff
    return own is not None and cutoff is not None and own < cutoff - cliff.DEAD_ZONE


def _measured(evaluation: Evaluation, on: Bench) -> battery.Measured | None:
    own = on.split(evaluation)
    if min(map(len, own)) < MIN_TASKS:
        return None
    panel = [on.split(p) for p in on.panel]
    return battery.measured_gap(own, panel=panel, samples=evaluation.track.protocol.samples)


def _canaries(evaluation: Evaluation, on: Bench) -> battery.Counted | None:
    """Canaries passed in any sample, against all the panel ever met on this track."""
    mine = _passes(results(evaluation, Split.CANARY))
    runs = Evaluation.objects.filter(
        track=evaluation.track, model__panel__isnull=False, state=EvaluationState.COMPLETE
    ).select_related("form", "track")
    theirs = [_passes(results(run, Split.CANARY)) for run in runs]
    base = Passes(sum(p.passed for p in theirs), sum(p.sent for p in theirs))
    return battery.Counted(model=mine, panel=base) if mine.sent and base.sent else None


def _passes(tasks: Tasks) -> Passes:
    return Passes(sum(task.passed > 0 for task in tasks), len(tasks))


def _replies(evaluation: Evaluation, on: Bench) -> battery.Counted | None:
    """Tasks whose reply recites the reference more than any panel reply to the same task does."""
    mine = _recited(evaluation, on, on.panel)
    theirs = [_recited(p, on, [q for q in on.panel if q is not p]) for p in on.panel]
    if len(on.panel) < MIN_PANEL or mine.sent < MIN_TASKS:
        return None
    base = Passes(sum(p.passed for p in theirs), sum(p.sent for p in theirs))
    return battery.Counted(model=mine, panel=base) if base.sent else None


def _recited(evaluation: Evaluation, on: Bench, against: Sequence[Evaluation]) -> Passes:
    usual = _containments(against, on)
    mine: dict[UUID, bool] = {}
    for trace in _secret(evaluation, on):
        version, panel = trace.attempt.entry.version_id, usual[trace.attempt.entry.version_id]
        if panel:
            seen = Overlap(containment=trace.containment_e4 / 10_000, run=trace.run)
            mine[version] = mine.get(version, False) or flagged(seen, panel)
    return Passes(sum(mine.values()), len(mine))


def _literals(evaluation: Evaluation, on: Bench) -> battery.Counted | None:
    """Tasks with a reply that holds more pieces of the hidden tests than any panel reply does."""
    mine = _leaked(evaluation, on, on.panel)
    tested = len(on.panel) >= MIN_PANEL and mine.sent >= MIN_TASKS
    if not tested and not mine.passed:
        return None
    theirs = [_leaked(p, on, [q for q in on.panel if q is not p]) for p in on.panel if tested]
    panel = Passes(sum(p.passed for p in theirs), sum(p.sent for p in theirs))
    return battery.Counted(model=mine, panel=panel)


def _leaked(evaluation: Evaluation, on: Bench, against: Sequence[Evaluation]) -> Passes:
    usual = _most_literals(against, on)
    most = _most_literals([evaluation], on)
    return Passes(sum(n > usual.get(task, 0) for task, n in most.items()), len(most))


def _most_literals(of: Sequence[Evaluation], on: Bench) -> dict[UUID, int]:
    """Task -> the most hidden literals in one reply to it."""
    found: dict[UUID, int] = {}
    for trace in (trace for evaluation in of for trace in _secret(evaluation, on)):
        version = trace.attempt.entry.version_id
        found[version] = max(found.get(version, 0), trace.literals)
    return found


def _secret(evaluation: Evaluation, on: Bench) -> list[ReplyTrace]:
    """Traces on tasks whose tests and reference nobody knows. A twin's original may be public; a
    canary's constant is a source of its own, and would be counted twice."""
    return [
        trace
        for trace in on.traces.get(evaluation.pk, ())
        if trace.attempt.entry.split == Split.PRIVATE
        and str(trace.attempt.entry.version_id) not in on.pairs.known
    ]


def _containments(of: Sequence[Evaluation], on: Bench) -> dict[UUID, list[float]]:
    found: dict[UUID, list[float]] = defaultdict(list)
    for evaluation in of:
        for trace in _secret(evaluation, on):
            found[trace.attempt.entry.version_id].append(trace.containment_e4 / 10_000)
    return found


def _twins(evaluation: Evaluation, on: Bench) -> battery.Paired | None:
    """Originals solved without their twins, against what the panel loses by the rewriting."""
    mine = rewritten.met(_all(evaluation, on), on.pairs)
    panel = rewritten.summed([rewritten.met(_all(p, on), on.pairs) for p in on.panel])
    if len(on.panel) < MIN_PANEL or mine.pairs < rewritten.MIN_PAIRS:
        return None
    return battery.Paired(
        model=mine.alone, pairs=mine.pairs, panel=panel.alone, panel_pairs=panel.pairs
    )


def _all(evaluation: Evaluation, on: Bench) -> list[TaskResult]:
    return [*on.public[evaluation.pk], *on.private[evaluation.pk]]


def _relayed(evaluation: Evaluation, on: Bench) -> battery.Relayed | None:
    """The likest other endpoint of another owner, against how alike panel models fail."""
    mine = _failures(evaluation, on)
    others = [e for e in on.judged if e.owner_group_id != evaluation.owner_group_id]
    base = _base_rate(on)
    if base is None:
        return None
    theirs = [_failures(other, on) for other in others]
    found = relay.likest(mine, theirs, base=base, least=MIN_FAILURES)
    return None if found is None else battery.Relayed(p_value=found.p_value, excess=found.excess)


def _base_rate(on: Bench) -> float | None:
    panel = [_failures(p, on) for p in on.panel]
    wrong = sum(relay.shared_failures(a, b).wrong for a, b in combinations(panel, 2))
    return relay.base_rate(panel) if wrong >= MIN_FAILURES else None


def _failures(evaluation: Evaluation, on: Bench) -> dict[UUID, str]:
    """Private and public task -> keyed hash of its first sample's wrong answer."""
    return {
        trace.attempt.entry.version_id: trace.failure_mac
        for trace in on.traces.get(evaluation.pk, ())
        if trace.failure_mac and trace.attempt.sample == 0
    }


def _traces(chosen: Sequence[Evaluation]) -> dict[UUID, list[ReplyTrace]]:
    found: dict[UUID, list[ReplyTrace]] = defaultdict(list)
    rows = ReplyTrace.objects.filter(attempt__evaluation__in=chosen)
    for trace in rows.select_related("attempt__entry"):
        found[trace.attempt.evaluation_id].append(trace)
    return found
