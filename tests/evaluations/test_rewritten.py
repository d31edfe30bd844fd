"""Twins as evidence: only what the rewriting does to a model and not to the panel counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from benchserver.core.lifecycle import EvidenceState
from benchserver.core.rotation import Policy, Window
from benchserver.core.task import Split
from benchserver.core.verdict import Verdict
from benchserver.evaluations import evidence, rewritten, suspicion
from benchserver.evaluations.models import Attempt, Evaluation, ReplyTrace
from benchserver.evaluations.score import TaskResult
from benchserver.pools import rotate
from benchserver.pools.models import Form
from tests import arrange, factories

PAIRS = 24
PANEL = 6


@pytest.fixture
def stage(wired, db) -> arrange.Board:
    originals = [factories.task(n, Split.PUBLIC) for n in range(1, PAIRS + 1)]
    pool = factories.pool_of([*originals, *map(factories.twin, originals)])
    track = factories.track_of(pool)
    now = rotate.database_now()
    policy = Policy(private_target=PAIRS, public_target=PAIRS, min_private=1)
    plan = rotate.preview(pool=pool, policy=policy, exposed={}, now=now)
    window = Window(now - timedelta(seconds=1), now + timedelta(days=14), "ro-1")
    made = rotate.save_plan(pool=pool, plan=plan, window=window, by="test")
    opened = rotate.open_rotation(rotation=made, judge_image="sha256:x", by="test")
    return arrange.Board(pool, track, opened)


@pytest.fixture
def board(stage) -> arrange.Board:
    """Half of originals and of twins, not of the same pairs: the rewriting costs the panel none."""
    for n in range(PANEL):
        run = ended(stage, f"Lab {n}", by_pair(lambda p, twin, n=n: (p + n + 3 * twin) % 2 == 0))
        arrange.to_panel(run.model)
    return stage


def by_pair(solves: Callable[[int, bool], bool]) -> Callable[[Attempt], Verdict]:
    """A verdict from the pair's place and whether this is its twin."""
    names: dict[str, tuple[int, bool]] = {}

    def verdict(attempt: Attempt) -> Verdict:
        if not names:
            pairs = sorted(rewritten.pairs_of(attempt.entry.form).originals.items())
            names.update({twin: (place, True) for place, (twin, _) in enumerate(pairs)})
            names.update({original: (place, False) for place, (_, original) in enumerate(pairs)})
        place, twin = names[str(attempt.entry.version_id)]
        return Verdict.PASSED if solves(place, twin) else Verdict.WRONG_ANSWER

    return verdict


def ended(stage, owner: str, verdict: Callable[[Attempt], Verdict]) -> Evaluation:
    evaluation = arrange.started(stage, owner=owner, model=f"m-{owner.lower().replace(' ', '-')}")
    arrange.completed(evaluation, verdict)
    return evaluation


def examined(stage):
    rotate.close_rotation(rotation=stage.rotation, by="test")
    (row,) = evidence.examine(form=Form.objects.get(rotation=stage.rotation), by="test")
    return row, {f["test"]: f for f in row.findings}


def test_a_model_that_solves_no_twin_is_noticed(board) -> None:
    ended(board, "Acme", by_pair(lambda _, twin: not twin))
    row, found = examined(board)
    assert found["twins@1"]["grade"] == "B"
    assert found["twins@1"]["source"] == "twins"
    assert found["twins@1"]["effect_e4"] == 10_000
    assert "rewritten" in evidence.words(row)


def test_a_model_that_loses_no_more_than_the_panel_is_clean(board) -> None:
    ended(board, "Acme", by_pair(lambda p, twin: (p + twin) % 3 > 0))
    row, found = examined(board)
    assert found["twins@1"]["grade"] == ""
    assert row.state == EvidenceState.WATCHED


def test_without_a_panel_nothing_is_said_of_twins(stage) -> None:
    ended(stage, "Acme", by_pair(lambda _, twin: not twin))
    _, found = examined(stage)
    assert found == {}


def test_a_public_originals_reference_is_no_secret_in_its_twin(board) -> None:
    model = ended(board, "Acme", by_pair(lambda *_: True))
    runs = list(Evaluation.objects.all())
    ReplyTrace.objects.bulk_create(
        ReplyTrace(attempt=a, containment_e4=9_900 if run == model else 500, run=90)
        for run in runs
        for a in run.attempts.filter(entry__split=Split.PRIVATE)
    )
    form = Form.objects.get(rotation=board.rotation)
    on = suspicion.bench(form, evidence.first_complete(form))
    assert len(on.pairs.known) == PAIRS
    assert suspicion.subject(on.judged[0], on).replies is None


def test_only_pairs_met_on_both_sides_count_and_half_is_not_solved() -> None:
    def result(version: str, passed: int) -> TaskResult:
        return TaskResult(version_id=version, family="f", passed=passed, samples=4, missing=0)

    pairs = rewritten.Pairs(originals={"t1": "o1", "t2": "o2", "t3": "o3"}, known=frozenset())
    tasks = [result("o1", 3), result("t1", 2), result("o2", 2), result("t2", 4), result("o3", 4)]
    found = rewritten.met(tasks, pairs)
    assert found.pairs == 2
    assert (found.alone.only_original, found.alone.only_twin) == (1, 1)
    both = rewritten.summed([found, found])
    assert (both.pairs, both.alone.only_original) == (4, 2)
