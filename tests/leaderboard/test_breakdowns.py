"""Breakdowns by language and topic: once, after closing, with noise that is never drawn again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from benchserver import wiring
from benchserver.core.verdict import Verdict
from benchserver.evaluations import cells
from benchserver.evaluations.models import CellNoise, Evaluation
from benchserver.leaderboard import publish as publishing
from benchserver.pools import rotate
from benchserver.pools.models import TaskVersion
from tests import arrange, recount
from tests.arrange import past_the_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(wired: None) -> arrange.Board:
    """64 hidden tasks: 30 Python, 22 Rust, 12 Go; topics 40 and 24."""
    made = arrange.board(private=64, public=2)
    hidden = TaskVersion.objects.filter(task__split="private").order_by("pk")
    languages = ["python"] * 30 + ["rust"] * 22 + ["go"] * 12
    for n, (version, language) in enumerate(zip(hidden, languages, strict=True)):
        sql = "UPDATE pools_taskversion SET language = %s, topic = %s WHERE id = %s"
        past_the_triggers(sql, language, "strings" if n % 8 < 5 else "graphs", version.pk)
    return made


def publish(stage: arrange.Board) -> dict[str, Any]:
    return publishing.publish(
        track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    ).board


def evaluated(stage: arrange.Board, *, passed: int = 40, owner: str = "Acme") -> Evaluation:
    evaluation = arrange.started(stage, owner=owner, model=f"model-{owner.lower()}")
    arrange.completed(evaluation, arrange.first(passed))
    return evaluation


def closed(stage: arrange.Board) -> None:
    rotate.close_rotation(rotation=stage.rotation, by="test")


def test_nothing_is_told_while_the_rotation_is_open(stage: arrange.Board) -> None:
    evaluated(stage)
    (row,) = publish(stage)["rows"]
    assert row["breakdown"] is None
    assert not CellNoise.objects.exists()


def test_a_part_of_too_few_tasks_is_not_told_and_the_others_hold_noise(
    stage: arrange.Board,
) -> None:
    evaluated(stage)
    closed(stage)
    (row,) = publish(stage)["rows"]
    told = {(c["kind"], c["value"]): c for c in row["breakdown"]["cells"]}
    assert {key: c["tasks"] for key, c in told.items()} == {
        ("language", "python"): 30,
        ("language", "rust"): 22,
        ("topic", "graphs"): 24,
        ("topic", "strings"): 40,
    }
    assert all(c["noise_e4"] > 300 and c["epsilon_e3"] == 1000 for c in told.values())
    kept = {(n.kind, n.value): n.passed + n.noise for n in CellNoise.objects.all()}
    assert kept == {key: c["passed"] for key, c in told.items()}
    names = row["breakdown"]
    assert (names["epsilon_e3"], names["epsilon_ever_e3"], names["epsilon_limit_e3"]) == (
        2000,
        2000,
        4000,
    )


def test_a_refresh_draws_nothing_anew(stage: arrange.Board, monkeypatch: Any) -> None:
    evaluated(stage)
    closed(stage)
    first = publish(stage)["rows"][0]["breakdown"]
    monkeypatch.setattr(cells, "discrete_laplace", lambda *_: pytest.fail("drawn again"))
    assert publish(stage)["rows"][0]["breakdown"] == first
    assert CellNoise.objects.count() == 4


def test_noise_comes_from_the_operating_system(stage: arrange.Board, monkeypatch: Any) -> None:
    asked: list[int] = []
    real = cells.secrets.randbelow
    monkeypatch.setattr(cells.secrets, "randbelow", lambda n: asked.append(n) or real(n))
    evaluated(stage)
    closed(stage)
    publish(stage)
    assert len(asked) >= 4


def test_stored_noise_cannot_be_changed(stage: arrange.Board) -> None:
    evaluated(stage)
    closed(stage)
    publish(stage)
    with pytest.raises(DatabaseError, match="append"), transaction.atomic():
        CellNoise.objects.update(noise=0)


def test_a_corrected_count_gets_noise_of_its_own_and_pays_again(stage: arrange.Board) -> None:
    evaluation = evaluated(stage)
    closed(stage)
    publish(stage)
    before = set(CellNoise.objects.values_list("pk", flat=True))
    sql = "UPDATE evaluations_cellnoise SET passed = passed + 1 WHERE evaluation_id = %s"
    past_the_triggers(sql, evaluation.pk)
    again = cells.noisy_cells(evaluation)
    assert set(CellNoise.objects.values_list("pk", flat=True)) > before
    assert len(again) == 4
    assert cells.spent(evaluation).here == 4


def test_when_the_budget_is_spent_no_part_is_told_any_more(stage: arrange.Board) -> None:
    evaluation = evaluated(stage)
    closed(stage)
    publish(stage)
    for _ in range(2):
        sql = "UPDATE evaluations_cellnoise SET passed = passed + 1 WHERE evaluation_id = %s"
        past_the_triggers(sql, evaluation.pk)
        last = cells.noisy_cells(evaluation)
    assert last == []
    assert cells.spent(evaluation).ever == 4


def test_two_models_have_noise_of_their_own(stage: arrange.Board) -> None:
    evaluated(stage, owner="Acme")
    evaluated(stage, owner="Bolt")
    closed(stage)
    rows = publish(stage)["rows"]
    assert CellNoise.objects.values("evaluation").distinct().count() == len(rows) == 2


def test_the_recount_adds_the_stored_noise_to_what_it_counts(stage: arrange.Board) -> None:
    evaluated(stage)
    closed(stage)
    publish(stage)
    assert recount.recount(connection.connection) == []
    past_the_triggers("UPDATE evaluations_cellnoise SET noise = noise + 1 WHERE value = 'rust'")
    wrong = recount.recount(connection.connection)
    assert any("breakdown.cells.1.passed" in each for each in wrong)
    assert all("breakdown.cells.1." in each for each in wrong)


def test_a_form_of_one_language_has_no_breakdown_by_language(wired: None) -> None:
    stage = arrange.board(private=44, public=2)
    evaluation = arrange.started(stage)
    arrange.completed(evaluation, lambda _: Verdict.PASSED)
    closed(stage)
    (row,) = publish(stage)["rows"]
    assert row["breakdown"]["cells"] == []
    assert row["breakdown"]["epsilon_e3"] == 0
