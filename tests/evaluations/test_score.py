"""Scores: recounted from the raw verdict table by formulas of their own."""

from __future__ import annotations

import json
import math
import random
from itertools import combinations

import pytest
from django.db import connection

from benchserver import wiring
from benchserver.audit.keys import fetch
from benchserver.core.task import Split
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.engines.vault.base import Context
from benchserver.evaluations import score
from benchserver.evaluations.models import Attempt, Score, VerdictRecord
from benchserver.ledger.models import Entry
from benchserver.pools.models import FormEntry, TaskVersion
from benchserver.transparency import commitments
from tests import arrange

pytestmark = pytest.mark.django_db


@pytest.fixture
def scored(wired):
    """7 private and 3 public tasks, 3 samples each, random verdicts of a fixed seed, 2 faults."""
    stage = arrange.board(private=7, public=3, samples=3)
    evaluation = arrange.started(stage)
    random_ = random.Random(20261124)
    faulted = set(random_.sample(sorted(a.pk for a in evaluation.attempts.all()), 2))

    def verdict(attempt: Attempt):
        if attempt.pk in faulted:
            return FaultKind.ENDPOINT
        return random_.choice([Verdict.PASSED, Verdict.PASSED, *Verdict])

    arrange.judge_all(evaluation, verdict)
    return evaluation


def table(evaluation) -> dict[str, dict[int, list[str | None]]]:
    """split -> form place -> verdicts of its samples, by SQL alone; None where there is none."""
    found: dict[str, dict[int, list[str | None]]] = {"private": {}, "public": {}}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.split, f.position, v.verdict FROM evaluations_attempt a"
            " JOIN pools_formentry f ON f.id = a.entry_id"
            " LEFT JOIN evaluations_verdictrecord v ON v.attempt_id = a.id"
            " WHERE a.evaluation_id = %s ORDER BY a.sample",
            [evaluation.pk],
        )
        for split, place, verdict in cursor.fetchall():
            found[split].setdefault(place, []).append(verdict)
    return found


def share(tasks: dict[int, list[str | None]]) -> list[float]:
    return [vs.count("passed") / len(vs) for _, vs in sorted(tasks.items())]


def test_the_counts_are_those_of_the_verdict_table(scored):
    body = score.aggregates(scored)
    for split, tasks in table(scored).items():
        flat = [v for vs in tasks.values() for v in vs]
        cell = body[split]
        assert (cell["tasks"], cell["samples"]) == (len(tasks), len(flat))
        assert (cell["passed"], cell["missing"]) == (flat.count("passed"), flat.count(None))
        assert cell["score_e4"] == round(10_000 * flat.count("passed") / len(flat))
    assert sum(body["verdicts"].values()) == VerdictRecord.objects.count() == 28


def test_the_error_is_that_of_the_task_means_and_not_of_the_samples(scored):
    values = share(table(scored)["private"])
    mean = sum(values) / len(values)
    se = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))
    assert score.aggregates(scored)["private"]["se_e4"] == pytest.approx(10_000 * se, abs=1)


def test_pass_at_k_is_the_share_of_sample_choices_that_hold_a_pass(scored):
    """By listing all choices of k samples, not by the estimator's formula."""
    body = score.aggregates(scored)["pass_at_k"]
    assert set(body["private"]) == {"1", "2", "3"}
    for split, tasks in table(scored).items():
        for k in (1, 2, 3):
            shares = []
            for verdicts in tasks.values():
                picks = list(combinations(verdicts, k))
                shares.append(sum("passed" in pick for pick in picks) / len(picks))
            assert body[split][str(k)] == pytest.approx(10_000 * sum(shares) / len(shares), abs=1)


def test_a_provider_reads_an_interval_and_a_maker_beside_every_number(scored):
    told = score.told_to_provider(scored, told=scored, withheld="")
    public = told["pass_at_k"]
    assert set(public["intervals"]["public"]) == set(public["public"]) == {"1", "2", "3"}
    assert all(
        low <= public["public"][k] <= high
        for k, (low, high) in public["intervals"]["public"].items()
    )
    assert told["estimators"]["public.score_e4"] == "task-mean@1"
    hidden = public["intervals"]["private"]
    assert set(hidden) == set(public["private"]) - set(public["bounds"])


def _counts(*passed: int, samples: int = 4):
    return [
        score.TaskResult(version_id=str(n), family=str(n), passed=c, samples=samples, missing=0)
        for n, c in enumerate(passed)
    ]


@pytest.mark.parametrize("missed", [0, 1, 3])
def test_that_every_hidden_task_was_passed_once_is_told_as_a_bound_only(missed):
    tasks = _counts(*[1] * (24 - missed), *[0] * missed)
    told = score.told_pass_at_all(tasks)
    assert (told["private"]["4"], told["bounds"]["4"]) == (8750, "at_least")
    assert told["private"]["1"] == score.pass_at_all(tasks)["1"]
    assert "1" not in told["bounds"]


def test_that_no_hidden_task_was_passed_is_told_as_a_bound_only():
    none, few = (score.told_pass_at_all(_counts(*[1] * n, *[0] * (24 - n))) for n in (0, 3))
    assert none == {
        "private": {"1": 1250, "2": 1250, "4": 1250},
        "bounds": dict.fromkeys(("1", "2", "4"), "at_most"),
    }
    assert (few["private"]["4"], few["bounds"]["4"]) == (1250, "at_most")


def test_in_between_pass_at_k_of_hidden_tasks_is_told_as_it_is():
    tasks = _counts(*[2] * 12, *[0] * 12)
    assert score.told_pass_at_all(tasks) == {"private": score.pass_at_all(tasks), "bounds": {}}


def test_the_gap_is_public_minus_private(scored):
    tasks = table(scored)
    means = {split: sum(share(t)) / len(t) for split, t in tasks.items()}
    expected = 10_000 * (means["public"] - means["private"])
    gap = score.aggregates(scored)["gap"]
    assert gap["diff_e4"] == pytest.approx(expected, abs=1)
    assert gap["low_e4"] <= gap["diff_e4"] <= gap["high_e4"]


def test_tasks_of_one_family_count_as_one_witness(wired):
    """Two families of three that answer alike: the error is that of two values, not of six."""
    stage = arrange.board(private=6, public=0)
    versions = list(TaskVersion.objects.order_by("pk"))
    with connection.cursor() as cursor:  # the scene only: versions are immutable
        cursor.execute("SET LOCAL session_replication_role = replica")
        for number, version in enumerate(versions):
            cursor.execute(
                "UPDATE pools_taskversion SET family_mac = %s WHERE id = %s",
                [f"family-{number // 3}", version.pk],
            )
        cursor.execute("SET LOCAL session_replication_role = origin")
    good = {v.pk for v in versions[:3]}
    evaluation = arrange.started(stage)
    arrange.judge_all(
        evaluation,
        lambda a: Verdict.PASSED if a.entry.version_id in good else Verdict.WRONG_ANSWER,
    )
    tasks = score.results(evaluation, Split.PRIVATE)
    alone = [score.TaskResult(**{**_fields(t), "family": t.version_id}) for t in tasks]
    assert score.cell(tasks)["score_e4"] == score.cell(alone)["score_e4"] == 5000
    assert score.cell(alone)["se_e4"] == pytest.approx(10_000 * math.sqrt(0.3 / 6), abs=1)
    assert score.cell(tasks)["se_e4"] > 1.5 * score.cell(alone)["se_e4"]


def _fields(task: score.TaskResult) -> dict:
    return {slot: getattr(task, slot) for slot in task.__slots__}


def test_a_fault_is_never_scored_and_keeps_the_evaluation_incomplete(wired):
    evaluation = arrange.started(arrange.board(private=2, public=1))
    state = arrange.completed(
        evaluation, lambda a: FaultKind.PLATFORM if a.order == 0 else Verdict.PASSED
    )
    assert state == "incomplete"
    assert not Score.objects.exists()
    assert score.aggregates(evaluation)["faults"] == {"endpoint": 0, "platform": 1}


def test_finishing_waits_for_the_last_attempt_and_happens_once(evaluation):
    for _ in range(3):
        arrange.judged(evaluation)
        assert score.finish(evaluation_id=evaluation.pk, sealer=wiring.sealer()) is None
    arrange.judged(evaluation)
    assert score.finish(evaluation_id=evaluation.pk, sealer=wiring.sealer()) == "complete"
    assert score.finish(evaluation_id=evaluation.pk, sealer=wiring.sealer()) is None
    assert Entry.objects.filter(kind="run-commit").count() == Score.objects.count() == 1


def test_every_outcome_is_committed_to_and_opens_with_its_salt(wired):
    evaluation = arrange.started(arrange.board(private=3, public=1, samples=2))
    arrange.completed(evaluation, lambda a: Verdict.PASSED if a.order % 2 else Verdict.TIME_LIMIT)
    kept = Score.objects.get()
    context = Context(table="score", row=str(evaluation.pk), field="salts")
    salts = wiring.opener().open(fetch(kept.salts_data_key), context, bytes(kept.salts_sealed))
    assert len(salts) == 32 * 8
    leaves = []
    for index, attempt in enumerate(evaluation.attempts.order_by("entry__position", "sample")):
        outcome = {
            "task": attempt.entry.version.commitment,
            "sample": attempt.sample,
            "verdict": attempt.verdict.verdict,
        }
        salt = salts[32 * index : 32 * index + 32]
        promised = commitments.outcome_commitment(salt, outcome)
        leaves.append(commitments.outcome_leaf(promised, index=index, run=evaluation.slug))
    assert commitments.root_of(leaves).hex() == kept.outcome_root
    assert json.loads(bytes(Entry.objects.get(index=kept.log_index).body))["root"] == (
        kept.outcome_root
    )


def test_a_stored_score_equals_its_recount(wired):
    evaluation = arrange.started(arrange.board(private=4, public=2))
    arrange.completed(evaluation, arrange.first(2))
    assert Score.objects.get().body == score.aggregates(evaluation)


def test_numbers_without_a_base_are_not_told():
    assert score.cell([]) is None
    one = [score.TaskResult(version_id="v", family="f", passed=1, samples=1, missing=0)]
    cell = score.cell(one)
    assert (cell["low_e4"], cell["high_e4"]) == (0, 10_000)  # one task tells nothing
    assert score.gap(one, one) is None
    assert FormEntry.objects.count() == 0
