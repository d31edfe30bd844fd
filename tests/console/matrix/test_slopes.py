"""Tasks that tell able from weak models unlike the rest are named, where a table can show it."""

from __future__ import annotations

import numpy as np
import pytest

from benchserver.console.matrix.report import estimators, report_on
from benchserver.console.matrix.slopes import MOST_TASKS, slopes
from tests.console.matrix.test_report import table


def results(slope_of: list[float], *, models: int = 240, seed: int = 2) -> np.ndarray:
    dice = np.random.default_rng(seed)
    ability = dice.normal(0, 1, (models, 1))
    hard = np.linspace(-1, 1, len(slope_of))
    chance = 1 / (1 + np.exp(-np.array(slope_of) * (ability - hard)))
    return (dice.random(chance.shape) < chance).astype(float)


def test_one_slope_for_all_is_not_refuted_where_it_is_true():
    part = slopes(table(results([1.2] * 12)))
    assert part is not None
    assert part.values["p_value"] > 0.05
    assert part.rows == ()
    assert part.sentences[0].startswith("Nothing speaks against it")


def test_a_task_that_tells_nothing_and_one_that_tells_all_are_named():
    part = slopes(table(results([1.2] * 10 + [0.05, 6.0])))
    assert part is not None
    assert set(part.values["flat"]) == {"t10"}
    assert set(part.values["steep"]) == {"t11"}
    assert part.values["p_value"] < 1e-6
    assert [row[0] for row in part.rows] == ["t10", "t11"]


def test_the_report_of_a_large_table_holds_it_with_its_estimators():
    report = report_on(table(results([1.2] * 7 + [0.05], models=200)), title="x")
    assert "slopes" in {part.key for part in report.parts}
    assert {"common-slope@1", "item-slopes@1"} <= {name for _, name in estimators(report)}


def test_tasks_that_all_or_none_pass_and_holes_are_left_out():
    rows = results([1.2] * 6 + [0.05])
    rows[:, 0], rows[:, 1] = 1.0, 0.0
    rows[np.random.default_rng(1).random(rows.shape) < 0.1] = np.nan
    part = slopes(table(rows))
    assert part is not None
    assert "t6" in part.values["flat"]


@pytest.mark.parametrize(
    ("models", "tasks"), [(199, 8), (200, MOST_TASKS + 1)], ids=["too few models", "too many tasks"]
)
def test_what_a_table_cannot_tell_is_not_asked(models, tasks):
    assert slopes(table(results([1.0] * tasks, models=models))) is None
