"""From verdicts to an evaluation's aggregates: per split, with errors; integers only (D20).

Scores are in ten-thousandths (7083 is 70.83 %), so that signed records hold no floats. Example:
17 of 24 private tasks passed is ``{"tasks": 24, "passed": 17, "score_e4": 7083, ...}``. Faults are
counted beside it and never scored; anybody can recompute the row from the verdict table.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum

from benchserver.audit.keys import keep
from benchserver.core.disclosure import AtLeast, AtMost, Cell, band, shown_as
from benchserver.core.engine.sending import MISSED_DEADLINE
from benchserver.core.lifecycle import EVALUATION, AttemptState, EvaluationState
from benchserver.core.task import Split
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.engines.vault.base import Context, Right, Sealer
from benchserver.evaluations import labels, verdicts
from benchserver.evaluations.control import still_open
from benchserver.evaluations.models import (
    Attempt,
    Evaluation,
    FaultRecord,
    Score,
    Send,
    VerdictRecord,
)
from benchserver.ledger.append import append
from benchserver.measurement import bounded, means, scores
from benchserver.pools.rotate import database_now
from benchserver.transparency import commitments, entries

METHOD = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """One task of one evaluation: passes of K samples. ``missing``: samples without a verdict."""

    version_id: str
    family: str
    passed: int
    samples: int
    missing: int


def finish(*, evaluation_id: UUID, sealer: Sealer) -> EvaluationState | None:
    """End the evaluation if all its attempts have ended: complete, or incomplete with faults.

    Idempotent; returns the new state, or None when nothing was to be done.
    """
    # Whoever ends the last attempt sees all others ended; nobody else needs to wait for the row.
    if still_open(evaluation_id):
        return None
    with transaction.atomic():
        evaluation = Evaluation.objects.select_for_update().get(pk=evaluation_id)
        if evaluation.state != EvaluationState.RUNNING or still_open(evaluation_id):
            return None
        faulted = asked(evaluation).filter(state=AttemptState.FAULTED).exists()
        target = EvaluationState.INCOMPLETE if faulted else EvaluationState.COMPLETE
        EVALUATION.check(evaluation.state, target)
        evaluation.state, evaluation.ended_at = target.value, database_now()
        evaluation.save(update_fields=("state", "ended_at"))
        if target is EvaluationState.COMPLETE:
            store(evaluation, sealer=sealer)
        return target


def asked(evaluation: Evaluation) -> QuerySet[Attempt]:
    """The attempts that count: on tasks that were not withdrawn since."""
    return evaluation.attempts.filter(entry__withdrawn=None)


def store(evaluation: Evaluation, *, sealer: Sealer) -> Score:
    """Keep the aggregates and commit to every outcome in the log, once. Call in a transaction."""
    known = Score.objects.filter(evaluation=evaluation).first()
    if known is not None:
        return known
    leaves, salts = _outcome_leaves(evaluation)
    root = commitments.root_of(leaves)
    entry = entries.run_commit(
        run=evaluation.slug,
        rotation=evaluation.rotation.slug,
        model=evaluation.model.slug,
        root=root,
        outcomes=len(leaves),
    )
    context = Context(table="score", row=str(evaluation.pk), field="salts")
    wrapped, sealed = sealer.seal(Right.EXECUTE, {context: salts})
    return Score.objects.create(
        evaluation=evaluation,
        method=METHOD,
        body=aggregates(evaluation),
        outcome_root=root.hex(),
        log_index=append("run-commit", entry),
        salts_data_key=keep(wrapped),
        salts_sealed=sealed[context],
    )


def renew(evaluation: Evaluation) -> None:
    """The aggregates again, after a withdrawal or a correction; what was committed to stays."""
    Score.objects.filter(evaluation=evaluation).update(body=aggregates(evaluation))


def _outcome_leaves(evaluation: Evaluation) -> tuple[list[bytes], bytes]:
    """The salted leaf of every attempt in form order, and all salts, 32 bytes each."""
    rows = evaluation.attempts.order_by("entry__position", "sample").values_list(
        "entry__version__commitment", "sample", "verdict__verdict"
    )
    leaves, salts = [], []
    for index, (commitment, sample, verdict) in enumerate(rows):
        salts.append(commitments.new_salt())
        outcome = {"task": commitment, "sample": sample, "verdict": verdict or "missing"}
        promised = commitments.outcome_commitment(salts[-1], outcome)
        leaves.append(commitments.outcome_leaf(promised, index=index, run=evaluation.slug))
    return leaves, b"".join(salts)


def aggregates(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation's numbers: cells per split, gap, verdict and fault counts, cost, tokens."""
    private = results(evaluation, Split.PRIVATE)
    public = results(evaluation, Split.PUBLIC)
    return {
        "private": cell(private),
        "public": cell(public),
        "gap": gap(public, private),
        "pass_at_k": {
            "private": pass_at_all(private),
            "public": pass_at_all(public),
        },
        "verdicts": _verdict_counts(evaluation),
        "faults": fault_counts(evaluation),
        **cost(evaluation),
    }


def results(evaluation: Evaluation, split: Split) -> list[TaskResult]:
    """Per-task results in form order. Never leaves this room except as an aggregate."""
    passed: dict[UUID, int] = defaultdict(int)
    judged: dict[UUID, int] = defaultdict(int)
    rows = VerdictRecord.objects.filter(attempt__evaluation=evaluation)
    mended = verdicts.corrected([evaluation.pk])
    for pk, version, verdict in rows.values_list("pk", "attempt__entry__version_id", "verdict"):
        judged[version] += 1
        passed[version] += mended.get(pk, verdict) == Verdict.PASSED
    samples = evaluation.track.protocol.samples
    entries = evaluation.form.standing.filter(split=split).order_by("position")
    return [
        TaskResult(
            version_id=str(version),
            family=family,
            passed=passed[version],
            samples=samples,
            missing=samples - judged[version],
        )
        for version, family in entries.values_list("version_id", "version__family_mac")
    ]


def families(tasks: Sequence[TaskResult]) -> list[Hashable] | None:
    """Cluster labels, or None when every task is a family of its own."""
    labels: list[Hashable] = [task.family for task in tasks]
    return labels if len(set(labels)) < len(labels) else None


def vector(tasks: Sequence[TaskResult]) -> list[float]:
    """Task scores c/K in form order; a missing sample is not passed (D11)."""
    return [task.passed / task.samples for task in tasks]


def cell(tasks: Sequence[TaskResult]) -> dict[str, Any] | None:
    """One split's numbers, None without tasks."""
    return _cell(tasks, _estimate(tasks)) if tasks else None


def _cell(tasks: Sequence[TaskResult], estimate: means.Estimate) -> dict[str, Any]:
    return {
        "tasks": len(tasks),
        "samples": sum(task.samples for task in tasks),
        "passed": sum(task.passed for task in tasks),
        "missing": sum(task.missing for task in tasks),
        "score_e4": e4(estimate.mean),
        "se_e4": e4(estimate.se),
        "low_e4": e4(estimate.interval.low),
        "high_e4": e4(estimate.interval.high),
        "bound": "",
    }


def disclosed(tasks: Sequence[TaskResult]) -> dict[str, Any] | None:
    """A private cell as it may leave: near both ends only a bound and its interval (D8), and no
    error that tells which tasks of a family agree."""
    if not tasks:
        return None
    exact = _cell(tasks, _told_estimate(tasks))
    ids = frozenset(task.version_id for task in tasks)
    shown = shown_as(
        Cell(label="private", task_ids=ids, passed=exact["passed"], total=exact["samples"])
    )
    if not isinstance(shown, AtLeast | AtMost):
        return exact
    interval = means.wilson(round(shown.passed * len(tasks) / shown.total), len(tasks))
    at_least = isinstance(shown, AtLeast)
    return {
        **exact,
        "passed": shown.passed,
        "score_e4": e4(shown.passed / shown.total),
        "se_e4": 0,
        "low_e4": e4(interval.low) if at_least else 0,
        "high_e4": 10_000 if at_least else e4(interval.high),
        "bound": "at_least" if at_least else "at_most",
    }


def told_to_provider(evaluation: Evaluation, *, told: Evaluation, withheld: str) -> dict[str, Any]:
    """What its own provider may read: totals, bounded like the board's.

    ``told``: the evaluation whose hidden result is told, itself or an earlier one (``repeats``).
    ``withheld``: why the auditor keeps that result back; empty where it may be read (``told.py``).
    """
    private, public = results(told, Split.PRIVATE), results(evaluation, Split.PUBLIC)
    hidden = None if withheld else disclosed(private)
    exact = hidden is not None and not hidden["bound"]
    chances = told_pass_at_all(private if exact else ()) | {"public": pass_at_all(public)}
    result = {
        "private": hidden,
        "withheld": withheld,
        "repeats": "" if told.pk == evaluation.pk else told.slug,
        "public": cell(public),
        "gap": gap(results(told, Split.PUBLIC), private) if exact else None,
        "pass_at_k": {**chances, "intervals": _intervals(chances, private, public)},
        "faults": fault_counts(evaluation),
    }
    return {**result, "estimators": labels.estimators(result)}


def _intervals(
    chances: Mapping[str, dict[str, Any]],
    private: Sequence[TaskResult],
    public: Sequence[TaskResult],
) -> dict[str, dict[str, list[int]]]:
    """The interval of each pass@k that is no bound, per split and k."""
    bounds, parts = chances["bounds"], {"private": private, "public": public}
    return {
        split: {
            k: labels.interval(value, [task.family for task in tasks])
            for k, value in chances[split].items()
            if split == "public" or k not in bounds
        }
        for split, tasks in parts.items()
    }


def told_pass_at_all(tasks: Sequence[TaskResult]) -> dict[str, dict[str, Any]]:
    """pass@k of hidden tasks as it may leave: ``private`` by k, and ``bounds`` by k near an end.

    pass@K = 1 would say that every task was passed at least once. So what lies as near an end as a
    count that is banded is that band: with 24 tasks "at least 21 of 24", whatever k.
    """
    values, bounds = pass_at_all(tasks), {}
    for k, value in values.items():
        edge = band(len(tasks), len(tasks))
        low, high = e4(edge / len(tasks)), e4(1 - edge / len(tasks))
        if value >= high:
            values[k], bounds[k] = high, "at_least"
        elif value <= low:
            values[k], bounds[k] = low, "at_most"
    return {"private": values, "bounds": bounds}


def _estimate(tasks: Sequence[TaskResult]) -> means.Estimate:
    """Mean of task scores with clustered errors; a single family has no error to tell."""
    if _one_family(tasks):
        return _without_error(tasks)
    passed, samples = [task.passed for task in tasks], [task.samples for task in tasks]
    return means.score(passed, samples, families=families(tasks))


def _told_estimate(tasks: Sequence[TaskResult]) -> means.Estimate:
    """The same of hidden tasks, as it may leave."""
    if _one_family(tasks):
        return _without_error(tasks)
    passed = [task.passed for task in tasks]
    return bounded.told_score(passed, tasks[0].samples, families=families(tasks))


def _one_family(tasks: Sequence[TaskResult]) -> bool:
    return len({task.family for task in tasks}) < 2


def _without_error(tasks: Sequence[TaskResult]) -> means.Estimate:
    values = vector(tasks)
    return means.Estimate(
        mean=sum(values) / len(values),
        se=0.0,
        se_naive=0.0,
        interval=means.Interval(0.0, 1.0),
        confidence=0.95,
        tasks=len(values),
        clusters=1,
        df=0.0,
        method="none",
    )


def gap(public: Sequence[TaskResult], private: Sequence[TaskResult]) -> dict[str, int] | None:
    """Public minus private score with its interval; None unless both splits have tasks."""
    if len(public) < 2 or len(private) < 2:
        return None
    estimate = scores.gap(_estimate(public), _told_estimate(private))
    return {
        "diff_e4": e4(estimate.mean),
        "low_e4": e4(estimate.interval.low),
        "high_e4": e4(estimate.interval.high),
    }


def pass_at_all(tasks: Sequence[TaskResult]) -> dict[str, int]:
    """pass@k in ten-thousandths for k = 1, 2, 4, ... up to K (unbiased estimator)."""
    if not tasks:
        return {}
    samples = tasks[0].samples
    ks = [k for k in (1, 2, 4, 8, 16, 32) if k < samples] + [samples]
    return {
        str(k): e4(sum(means.pass_at_k(t.samples, t.passed, k) for t in tasks) / len(tasks))
        for k in ks
    }


def e4(value: float) -> int:
    """A share as ten-thousandths, rounded to the nearest."""
    return round(value * 10_000)


def _verdict_counts(evaluation: Evaluation) -> dict[str, int]:
    rows = VerdictRecord.objects.filter(attempt__in=asked(evaluation))
    mended = verdicts.corrected([evaluation.pk])
    counts = Counter(mended.get(pk, verdict) for pk, verdict in rows.values_list("pk", "verdict"))
    return dict(sorted(counts.items()))


def fault_counts(evaluation: Evaluation) -> dict[str, int]:
    """Attempts that met a failing endpoint or platform on the way; refused and cut sends count,
    a deadline that the model missed does not: that is its verdict (D11)."""
    bad = (Send.Outcome.REFUSED, Send.Outcome.UNKNOWN, Send.Outcome.INVALID, Send.Outcome.REJECTED)
    sends = Send.objects.filter(attempt__evaluation=evaluation, outcome__in=bad)
    not_theirs = ("worker_lost", MISSED_DEADLINE)
    endpoint = sends.exclude(code__in=not_theirs).values("attempt").distinct().count()
    platform = FaultRecord.objects.filter(
        attempt__evaluation=evaluation, kind=FaultKind.PLATFORM
    ).count()
    lost = sends.filter(code="worker_lost").values("attempt").distinct().count()
    return {"endpoint": endpoint, "platform": platform + lost}


def cost(evaluation: Evaluation) -> dict[str, Any]:
    """Tokens and cost over all answered sends. ``usage``: reported, estimated or none."""
    answered = Send.objects.filter(attempt__evaluation=evaluation, outcome=Send.Outcome.ANSWERED)
    total = answered.aggregate(
        tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out"), cost=Sum("cost_micro_usd")
    )
    count, reported = answered.count(), answered.filter(usage_reported=True).count()
    usage = "none" if not count else "reported" if reported == count else "estimated"
    money = total["cost"] if evaluation.price_in is not None else None
    return {
        "tokens_in": total["tokens_in"] or 0,
        "tokens_out": total["tokens_out"] or 0,
        "cost_micro_usd": money,
        "cost_per_task_micro_usd": None if money is None else round(money / evaluation.total),
        "usage": usage,
    }
