"""What tasks ask for, from real rows: worn, wrong, leaked and full are told, the calm are left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models.functions import Now

from benchserver import wiring
from benchserver.core.errors import BadInput
from benchserver.core.rotation import Policy
from benchserver.core.verdict import Judgement, Verdict
from benchserver.evaluations import exposures, references
from benchserver.evaluations.health import pool_health, unfit_versions
from benchserver.evaluations.judge import Engines
from benchserver.evaluations.models import Attempt, Evaluation, ReferenceRuns, SecondOpinion
from benchserver.evaluations.outcomes import outcomes
from benchserver.evaluations.request import request
from benchserver.pools import rotate
from benchserver.pools.models import Form, Task
from benchserver.providers.models import Model
from tests import arrange

pytestmark = pytest.mark.django_db
POLICY = Policy(private_target=12, public_target=1, min_private=1)
TASKS = 12


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=TASKS, public=1)


def ran(
    stage: arrange.Board, number: int, passes: Callable[[int], bool], *, panel: bool = False
) -> Evaluation:
    """One model of a group of its own; ``passes`` says it of a private task's place, 0 to 11."""
    evaluation = arrange.started(stage, owner=f"Group {number}", model=f"model-{number}")
    versions = list(
        evaluation.form.entries.filter(split="private")
        .order_by("version__task__source_mac")
        .values_list("version_id", flat=True)
    )
    place = {version: n for n, version in enumerate(versions)}

    def verdict(attempt: Attempt) -> Verdict:
        hidden = attempt.entry.split == "private"
        good = not hidden or passes(place[attempt.entry.version_id])
        return Verdict.PASSED if good else Verdict.WRONG_ANSWER

    arrange.completed(evaluation, verdict)
    if panel:
        arrange.to_panel(evaluation.model)
    return evaluation


def ladder(stage: arrange.Board, models: int, *, odd: int = -1) -> None:
    """Models of rising ability; task ``odd`` is passed by exactly the weaker half."""
    for n in range(models):
        able = (n + 1) * TASKS // (models + 1)

        def passes(task: int, n: int = n, able: int = able) -> bool:
            return n < models // 2 if task == odd else task < able

        ran(stage, n, passes)


def asked(stage: arrange.Board) -> dict[str, list[str]]:
    found = pool_health(stage.pool, POLICY)
    return {task.slug: [a.what.value for a in task.asks] for task in found.asking}


def slug_of(stage: arrange.Board, place: int) -> str:
    tasks = Task.objects.filter(pool=stage.pool, split="private").order_by("source_mac")
    return str(tasks[place].slug)


def loose() -> Policy:
    """No wear, so that only what the results say is left."""
    return Policy(
        private_target=12,
        public_target=1,
        min_private=1,
        exposure_per_provider=99,
        exposure_per_task=99,
    )


def test_a_pool_that_nobody_met_asks_for_nothing(stage):
    found = pool_health(stage.pool, POLICY)
    assert len(found.tasks) == TASKS + 1
    assert found.asking == ()
    assert found.boards == ()
    assert found.false_alarms == 0


def test_the_table_has_the_first_complete_evaluation_of_every_model(stage):
    first = ran(stage, 1, lambda task: task < 5)
    again = request(endpoint=first.endpoint, track=stage.track, by="test")
    arrange.completed(again, lambda attempt: Verdict.PASSED)
    table = outcomes(Form.objects.get())
    assert table.evaluations == (first,)
    assert table.passed.sum() == 5
    assert table.shares.shape == (1, TASKS)


def test_a_task_that_all_of_ten_models_pass_retires_and_nine_are_too_few(stage):
    for n in range(9):
        ran(stage, n, lambda task, n=n: task == 0 or task % 3 == n % 3)
    assert unfit_versions(stage.pool, loose()) == {}
    ran(stage, 9, lambda task: task == 0 or task % 3 == 0)
    found = unfit_versions(stage.pool, loose())
    assert list(found.values()) == ["nearly every model passes it"]
    made = rotate.preview(
        pool=stage.pool, policy=loose(), exposed={}, now=rotate.database_now(), unfit=found
    )
    assert [str(version) for version in found] == list(made.retire)
    assert "retires: nearly every model passes it" in made.reasons.values()


def test_a_task_that_only_weak_models_pass_is_looked_at_when_the_panel_says_so(stage):
    """Entrants alone decide nothing about agreement: the figure is shown, no more."""
    ladder(stage, 8, odd=3)
    task = {t.slug: t for t in pool_health(stage.pool, loose()).tasks}[slug_of(stage, 3)]
    assert task.item_rest is not None
    assert task.item_rest < -0.62
    assert task.asks == ()
    for model in Model.objects.all():
        arrange.to_panel(model)
    task = {t.slug: t for t in pool_health(stage.pool, loose()).tasks}[slug_of(stage, 3)]
    assert [a.what.value for a in task.asks] == ["review"]
    assert "able models fail what weak ones pass" in task.asks[0].why
    assert unfit_versions(stage.pool, loose()) == {}, "a look takes nothing out by itself"


def test_a_worn_task_asks_to_be_retired_by_the_rotations_own_rule(stage):
    ran(stage, 1, lambda task: task < 6)
    found = pool_health(stage.pool, POLICY)
    assert len(found.asking) == TASKS
    assert {a.why for t in found.asking for a in t.asks} == {
        "one provider has met it once (limit 1)"
    }
    assert unfit_versions(stage.pool, POLICY) == {}


def test_a_task_marked_as_leaked_retires(stage):
    Task.objects.filter(slug=slug_of(stage, 0)).update(leaked_at=Now())
    assert asked(stage) == {slug_of(stage, 0): ["retire"]}
    assert list(unfit_versions(stage.pool, POLICY).values()) == ["marked as leaked"]


def test_a_board_that_is_full_says_so(stage):
    ran(stage, 1, lambda task: True)
    board = pool_health(stage.pool, POLICY).boards[0]
    assert board.saturation is not None
    assert board.saturation.alarm
    assert board.saturation.headroom == 0


def test_a_board_with_room_does_not(stage):
    ran(stage, 1, lambda task: task < 5)
    board = pool_health(stage.pool, POLICY).boards[0]
    assert board.saturation is not None
    assert not board.saturation.alarm


def test_a_task_that_later_groups_suddenly_pass_is_looked_at(stage):
    for n in range(4):
        ran(stage, n, lambda task, n=n: task < 4 + n, panel=True)
    for n in range(4, 9):  # weak otherwise, and all pass the hardest
        ran(stage, n, lambda task: task < 2 or task == 11)
    task = {t.slug: t for t in pool_health(stage.pool, loose()).tasks}[slug_of(stage, 11)]
    assert task.signs.surprise >= 4
    assert [a.what.value for a in task.asks] == ["review"]
    honest = {t.slug: t for t in pool_health(stage.pool, loose()).tasks}[slug_of(stage, 10)]
    assert honest.asks == ()


def test_two_machines_that_disagree_on_a_program_are_a_look_at_its_task(stage):
    evaluation = ran(stage, 1, lambda task: True)
    attempt = evaluation.attempts.filter(entry__split="private").first()
    SecondOpinion.objects.create(
        attempt=attempt, first_worker="a", second_worker="b", second="wrong_answer"
    )
    found = pool_health(stage.pool, loose()).asking
    assert [t.version_id for t in found] == [attempt.entry.version_id]
    assert "unlike: 1 times" in found[0].asks[0].why


def engines(passed: Callable[[int], bool]) -> Engines:
    calls: list[int] = []

    def judging(task, code):
        calls.append(1)
        good = passed(len(calls))
        return Judgement(verdict=Verdict.PASSED if good else Verdict.WRONG_ANSWER)

    return Engines(judging=judging, opener=wiring.opener(), policy=arrange.POLICY)


def test_every_later_run_of_a_reference_lowers_the_bound(stage):
    before = pool_health(stage.pool, POLICY).tasks[0]
    assert before.signs.runs == 0
    assert before.flips_at_most is None
    rows = references.run_references(
        pool=stage.pool, runs=30, worker="w", engines=engines(lambda n: True)
    )
    assert len(list(rows)) == TASKS + 1
    after = pool_health(stage.pool, POLICY).tasks[0]
    assert after.signs.runs == 30
    assert after.flips_at_most == pytest.approx(0.095, abs=5e-4)


def test_one_flip_of_a_reference_sets_the_task_aside(stage):
    list(
        references.run_references(
            pool=stage.pool, runs=3, worker="w", engines=engines(lambda n: n != 5)
        )
    )
    found = pool_health(stage.pool, POLICY).asking
    assert [[a.what.value for a in t.asks] for t in found] == [["quarantine"]]
    assert list(unfit_versions(stage.pool, POLICY).values()) == [
        "its reference does not always pass"
    ]
    with pytest.raises(BadInput):
        list(
            references.run_references(
                pool=stage.pool, runs=0, worker="w", engines=engines(lambda n: True)
            )
        )


def test_a_task_that_got_better_is_told_after_all_that_were_looked_at(stage):
    """Three models set the difficulties; of seven more the last four pass task 0."""
    for n in range(10):
        ran(stage, n, lambda task, n=n: n >= 6 if task == 0 else n % 2 == task % 2)
    tasks = {task.slug: task for task in pool_health(stage.pool, loose()).tasks}
    jumps = [task.jump_p for task in tasks.values() if task.jump_p is not None]
    jumped = tasks[slug_of(stage, 0)]
    assert (jumped.jump_p, min(jumps)) == (pytest.approx(1 / 35), jumped.jump_p)
    assert jumped.jump_q == pytest.approx(len(jumps) / 35)
    assert all(task.jump_q >= task.jump_p for task in tasks.values() if task.jump_p is not None)
    assert all(task.jump_q is None for task in tasks.values() if task.jump_p is None)


def test_reading_health_changes_nothing(stage):
    ladder(stage, 4)
    before = arrange.row_counts()
    pool_health(stage.pool, POLICY)
    exposures.outlook(stage.pool, POLICY, now=rotate.database_now())
    assert arrange.row_counts() == before
    assert not ReferenceRuns.objects.exists()
