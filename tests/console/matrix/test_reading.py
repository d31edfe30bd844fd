"""Any table of models and tasks is read as it is meant; what cannot be read is named."""

from __future__ import annotations

import math

import pytest

from benchserver.console.matrix.reading import Layout, read_cutoffs, read_table
from benchserver.core.errors import BadInput


@pytest.fixture
def table(tmp_path):
    def write(text: str):
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_rows_of_models_are_read(table):
    found = read_table(table("model,t1,t2\na,1,0\nb,0.5,1\n"))
    assert found.models == ("a", "b")
    assert found.scores.tolist() == [[1, 0], [0.5, 1]]


def test_rows_of_tasks_are_turned(table):
    found = read_table(table("task_id,difficulty,a,b\nx,easy,1,0\ny,hard,1,1\n"))
    assert found.models == ("a", "b")
    assert found.tasks == ("x", "y")
    assert found.scores.tolist() == [[1, 1], [0, 1]]


def test_an_empty_cell_is_missing_and_no_failure(table):
    found = read_table(table("model,t1,t2\na,1,\nb,0,1\n"))
    assert math.isnan(found.scores[0, 1])


def test_numbers_above_one_are_percent(table):
    found = read_table(table("model,t1,t2\na,80,0\nb,100,7.5\n"))
    assert found.scores[0].tolist() == [0.8, 0]
    assert "numbers above 1: read as percent" in found.notes


def test_passed_of_total_is_a_share(table):
    found = read_table(table("run,model,t1,t2\nr1,a,3/4,0/2\nr2,b,4/4,1/2\n"))
    assert found.scores.tolist() == [[0.75, 0], [1, 0.5]]


def test_runs_of_one_model_are_no_separate_evidence(table):
    found = read_table(table("run,model,t1,t2\nr1,a,1,\nr2,a,0,1\nr3,b,1,1\n"))
    assert found.models == ("a", "b")
    assert found.scores[0].tolist() == [0.5, 1]
    assert found.runs == (2, 1)


def test_one_exercise_in_two_languages_is_one_family(table):
    found = read_table(table("model,python:gcd,java:gcd,java:sum\na,1,1,0\nb,0,1,1\n"))
    assert found.families == ("gcd", "gcd", "sum")


def test_a_pattern_names_the_families(table):
    path = table("model,x-1,x-2,y-1\na,1,1,0\nb,0,1,1\n")
    assert read_table(path, Layout(families="^(.)-")).families == ("x", "x", "y")


def test_dates_of_tasks_are_found(table):
    found = read_table(table("task,day,a,b\nx,2024-01-05,1,0\ny,,1,1\n"))
    assert found.dates == ("2024-01-05", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("model,t1\na,1\nb\n", "table.csv:3: has 1 cells, the header has 2"),
        ("model,t1\n", "no rows under its header"),
        ("model,t1\na,good\n", "no column of results"),
        ("model,t1\na,1\na,0\n", "table.csv:3: 'a' stands there twice"),
        ("model,t1\na,250\nb,1\n", "table.csv:2: 250 is no score"),
        ("model,t1\na,-1\nb,1\n", "no column of results"),
    ],
)
def test_what_cannot_be_read_is_named(table, text, says):
    with pytest.raises(BadInput) as told:
        read_table(table(text))
    assert says in str(told.value)


def test_an_unknown_column_of_models_is_refused(table):
    with pytest.raises(BadInput, match="Have: run, model"):
        read_table(table("run,model,t1\nr1,a,1\nr2,b,0\n"), Layout(model="who"))


def test_cutoffs_are_the_last_date_of_a_line(table):
    found = read_cutoffs(table("model,name,cutoff\na,alpha,2024-03-31\n"))
    assert found["a"].isoformat() == "2024-03-31"


def test_a_cutoff_that_is_no_day_is_named(table):
    with pytest.raises(BadInput, match=r"table\.csv:2"):
        read_cutoffs(table("model,cutoff\na,2024-02-31\n"))
