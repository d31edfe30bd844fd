"""What a report says of a table is what the table can carry."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from django.core.management import call_command

from benchserver.console.matrix.page import document, page
from benchserver.console.matrix.reading import Layout, Table, read_table
from benchserver.console.matrix.report import report_on
from benchserver.core.errors import BadInput
from tests.shared_data import shared


def table(scores, **more) -> Table:
    rows = np.array(scores, dtype=float)
    models = tuple(f"m{n}" for n in range(rows.shape[0]))
    tasks = tuple(f"t{n}" for n in range(rows.shape[1]))
    return Table(models=models, tasks=tasks, scores=rows, runs=(1,) * len(models), **more)


def drawn(models: int, tasks: int, *, spread: float = 1.5, seed: int = 1) -> np.ndarray:
    dice = np.random.default_rng(seed)
    ability = np.linspace(spread, -spread, models)[:, None]
    chance = 1 / (1 + np.exp(dice.normal(size=(1, tasks)) - ability))
    return (dice.random((models, tasks)) < chance).astype(float)


def test_equal_models_are_one_tier_and_the_claim_says_so():
    report = report_on(table(drawn(5, 60, spread=0)), title="x")
    assert {line.tier for line in report.lines} == {1}
    assert report.claim.startswith("These results do not tell the 5 models apart.")


def test_a_clear_leader_is_named():
    rows = np.vstack([np.ones(80), drawn(3, 80, spread=0)])
    report = report_on(table(rows), title="x")
    assert report.claim.startswith("m0 is better than every other model")
    assert report.lines[0].rank_worst == 1


def test_a_model_spared_the_hard_tasks_gains_nothing_on_all_tasks():
    rows = drawn(8, 120, spread=0.5)
    hard = rows.mean(axis=0) < 0.4
    spared = rows[3].copy()
    spared[hard] = np.nan
    whole, holed = (
        report_on(table(rows), title="x"),
        report_on(table(np.vstack([rows[:3], spared, rows[4:]])), title="x"),
    )
    before = next(line for line in whole.lines if line.model == "m3")
    after = next(line for line in holed.lines if line.model == "m3")
    assert after.score > before.score + 0.1  # its own tasks were the easy ones
    assert after.expected == pytest.approx(before.score, abs=0.05)
    assert holed.resolves is None


def test_the_order_of_tasks_and_models_changes_nothing():
    rows = drawn(6, 50)
    one = report_on(table(rows), title="x")
    dice = np.random.default_rng(3)
    models, tasks = dice.permutation(6), dice.permutation(50)
    shuffled = table(rows[models][:, tasks])
    named = Table(
        models=tuple(f"m{n}" for n in models),
        tasks=tuple(f"t{n}" for n in tasks),
        scores=shuffled.scores,
        runs=shuffled.runs,
    )
    other = report_on(named, title="x")
    assert [(line.model, line.tier, line.rank_best, line.rank_worst) for line in one.lines] == [
        (line.model, line.tier, line.rank_best, line.rank_worst) for line in other.lines
    ]


def test_a_task_that_able_models_fail_is_pointed_out():
    rows = drawn(30, 40)
    rows[:, 7] = (np.arange(30) > 14).astype(float)  # the abler half fails it
    assert [item.task for item in report_on(table(rows), title="x").worn] == ["t7"]


def test_a_model_that_remembers_old_tasks_falls_off():
    rows = drawn(8, 200, spread=0.3)
    dates = tuple(f"202{2 + n // 100}-0{1 + n % 9}-15" for n in range(200))
    rows[0, :100] = 1  # everything before its cutoff
    cutoffs = {"m0": date(2022, 12, 31), "m1": date(2022, 12, 31)}
    cutoffs |= {f"m{n}": date(2021, 1, 1) for n in range(2, 8)}
    report = report_on(table(rows, dates=dates), title="x", cutoffs=cutoffs)
    part = next(part for part in report.parts if part.key == "time_cliff")
    p = {each["model"]: each["p_adjusted"] for each in part.values["models"]}
    assert p["m0"] < 0.001
    assert p["m1"] > 0.05
    assert "beyond chance for: m0." in part.sentences[0]


def test_a_full_benchmark_is_called_full():
    rows = np.ones((3, 50))
    rows[1, :3] = rows[2, :9] = 0
    part = next(
        part for part in report_on(table(rows), title="x").parts if part.key == "saturation"
    )
    assert part.values["alarm"]


def test_tasks_nobody_ran_are_left_out_and_counted():
    rows = drawn(3, 20)
    rows[:, 4] = np.nan
    report = report_on(table(rows), title="x")
    assert len(report.items) == 19
    assert "1 tasks that nobody ran are left out" in report.notes


def test_one_model_is_no_board():
    with pytest.raises(BadInput, match="two models"):
        report_on(table(drawn(1, 20)), title="x")


def test_a_model_without_results_is_named():
    rows = drawn(3, 20)
    rows[1] = np.nan
    with pytest.raises(BadInput, match="m1: has no result"):
        report_on(table(rows), title="x")


def test_every_number_of_the_page_names_its_estimator():
    report = report_on(table(drawn(4, 30)), title="x")
    assert document(report)["estimators"]["score, interval"] == "task-mean@1"
    assert "panel-rasch@" in page(report)


def test_a_strange_name_cannot_write_into_the_page():
    made = table(drawn(2, 30))
    named = Table(
        models=("<script>x</script>", "b"), tasks=made.tasks, scores=made.scores, runs=(1, 1)
    )
    assert "<script>x" not in page(report_on(named, title="</title><script>y"))


def test_the_command_writes_page_and_tables(tmp_path, capsys):
    source = tmp_path / "results.csv"
    rows = drawn(3, 25).astype(int)
    lines = [f"m{n}," + ",".join(map(str, row)) for n, row in enumerate(rows)]
    head = "model," + ",".join(f"t{n}" for n in range(25))
    source.write_text("\n".join([head, *lines]), encoding="utf-8")
    call_command("report", "matrix", str(source), "--out", str(tmp_path / "out"))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"report.html", "report.json", "board.csv", "items.csv", "pairs.csv"}
    assert json.loads((tmp_path / "out/report.json").read_text())["models"] == 3
    assert "3 models, 25 tasks" in capsys.readouterr().out


REAL = {
    "can_ai_code_junior-v2": (210, 28, 14),
    "can_ai_code_senior": (188, 6, 3),
    "livecodebench_2024-04": (23, 400, None),
    "livecodebench_2025-04": (8, 1055, None),
    "swebench_pro": (5, 970, None),
}


@pytest.mark.parametrize("name", REAL)
def test_real_tables_have_a_board(name):
    models, tasks, families = REAL[name]
    found = read_table(shared(f"matrices/{name}.csv"))
    report = report_on(found, title=name)
    assert (len(report.lines), len(report.items)) == (models, tasks)
    assert families is None or len(set(found.families)) == families
    assert all(line.rank_best <= line.rank_worst for line in report.lines)


def test_instances_that_were_not_run_are_missing_from_swebench_pro():
    found = read_table(shared("matrices/swebench_pro.csv"), Layout(families=r"instance_(\w+?)__"))
    report = report_on(found, title="SWE-bench Pro")
    ran = {line.model: line.tasks for line in report.lines}
    assert sorted(ran.values()) == [729, 729, 730, 891, 955]
    assert report.lines[0].tier == 1
    assert report.lines[0].score == pytest.approx(0.437, abs=0.001)


def test_the_known_fall_on_livecodebench_is_seen():
    from benchserver.console.matrix.reading import read_cutoffs

    report = report_on(
        read_table(shared("matrices/livecodebench_2024-04.csv")),
        title="LiveCodeBench",
        cutoffs=read_cutoffs(shared("matrices/livecodebench_2024-04_models.csv")),
    )
    part = next(part for part in report.parts if part.key == "time_cliff")
    fallen = [each["model"] for each in part.values["models"] if each["p_adjusted"] <= 0.05]
    assert fallen == ["DSCoder-1.3b-Base", "DSCoder-33b-Base", "DSCoder-6.7b-Base", "OC-DS-33B"]
