"""Cases, groups and points."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.taskformats.icpc.packages import cases_of, package, problems_of
from tests.shared_data import shared

SCORED = "name: Double\ntype: scoring\n"


def group(name: str, settings: str, *, cases: int = 2) -> dict[str, str | None]:
    files: dict[str, str | None] = {f"data/secret/{name}/testdata.yaml": settings}
    for number in range(cases):
        files |= {
            f"data/secret/{name}/{number}.in": "3\n",
            f"data/secret/{name}/{number}.ans": "6\n",
        }
    return files


def scored(home: Path, *groups: dict[str, str | None], top: str = "") -> Path:
    files: dict[str, str | None] = {"problem.yaml": SCORED, "data/secret/testdata.yaml": top}
    files |= {"data/secret/1.in": None, "data/secret/1.ans": None}
    for one in groups:
        files |= one
    return package(home, files)


def points(path: Path) -> list[tuple[str, int, int]]:
    return [(s.name, s.points, len(s.cases)) for s in cases_of(path).subtasks]


def test_samples_come_before_secret_cases_and_both_are_judged(tmp_path: Path) -> None:
    files = {"data/secret/0.in": "5", "data/secret/0.ans": "10"}
    tests = cases_of(package(tmp_path, dict(files)))
    assert [case.name for case in tests.cases] == ["sample/1", "secret/0", "secret/1"]
    assert tests.subtasks == ()


def test_a_group_by_min_is_a_subtask_and_one_by_sum_gives_each_case_its_points(
    tmp_path: Path,
) -> None:
    path = scored(
        tmp_path,
        group("a", "grader_flags: min\naccept_score: 30\n"),
        group("b", "accept_score: 5\n"),
        group("c", "score_aggregation: pass-fail\nmax_score: 20\n", cases=3),
        group("d", "score_aggregation: sum\nmax_score: 10\n"),
    )
    assert points(path) == [
        ("a", 30, 2),
        ("b 1", 5, 1),
        ("b 2", 5, 1),
        ("c", 20, 3),
        ("d 1", 5, 1),
        ("d 2", 5, 1),
    ]


def test_groups_inherit_what_they_do_not_say(tmp_path: Path) -> None:
    inner = group("a/b", "{}\n")
    path = scored(
        tmp_path, group("a", "accept_score: 7\n", cases=0), inner, top="grader_flags: sum\n"
    )
    assert points(path) == [("a/b 1", 7, 1), ("a/b 2", 7, 1)]


def test_links_that_a_checkout_wrote_as_text_are_followed(tmp_path: Path) -> None:
    tests = cases_of(shared("problem-packages/oddecho"))
    assert [(s.name, s.points, len(s.cases)) for s in tests.subtasks] == [
        ("subtask1", 50, 3),
        ("subtask2", 50, 13),
    ]
    assert not [case for case in tests.cases if case.stdin.startswith("..")]
    strange = {"data/secret/1.in": "../secret/none.in", "data/secret/1.ans": "../../problem.yaml"}
    kept = cases_of(package(tmp_path, dict(strange))).cases[1]
    assert (kept.stdin, kept.expected) == ("../secret/none.in", "../../problem.yaml")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("grader_flags: max\n", "a grader that is not supported"),
        ("grading: custom\n", "a grader that is not supported"),
        ("accept_score: 0.5\n", "points are no whole number"),
        ("accept_score: many\n", "points are no whole number"),
        ("accept_score: -1\n", "points are no whole number"),
        ("score_aggregation: sum\nmax_score: 3\n", "points are no whole number"),
    ],
)
def test_points_that_cannot_be_given_are_refused(
    settings: str, problem: str, tmp_path: Path
) -> None:
    assert f"double/data/secret/a: {problem}" in problems_of(scored(tmp_path, group("a", settings)))


def test_what_a_case_needs_beyond_its_input_is_refused(tmp_path: Path) -> None:
    files: dict[str, str | None] = {
        "data/secret/1.args": "-x",
        "data/secret/a/1.in": "",
        "data/secret/a/1.ans": "",
        "data/secret/a/testdata.yaml": "output_validator_flags: case_sensitive\n",
    }
    assert problems_of(package(tmp_path, files)) == [
        "double/data/secret/1.args: a case with arguments or files",
        "double/data: groups with different validator flags",
    ]


def test_a_package_without_secret_cases_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path, {"data/secret/1.in": None, "data/secret/1.ans": None})
    assert problems_of(path) == ["double/data/secret: no secret case"]
