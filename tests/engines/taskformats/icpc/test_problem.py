"""problem.yaml of both layouts: what it decides, and what it may not leave undecided."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.taskformats.icpc.packages import package, problems_of, task_of


@pytest.mark.parametrize(
    ("files", "milliseconds"),
    [
        ({}, 10_000),
        ({"problem.yaml": "limits: {time_limit: 2.5}"}, 2500),
        ({".timelimit": "3\n"}, 3000),
        ({"domjudge-problem.ini": "color = red\ntimelimit = '4'\n"}, 4000),
        ({"problem.yaml": "limits: {time_limit: 1}", ".timelimit": "3\n"}, 1000),
    ],
)
def test_the_time_limit_is_cpu_time_and_may_stand_in_three_places(
    files: dict[str, str | None], milliseconds: int, tmp_path: Path
) -> None:
    assert task_of(package(tmp_path, files)).limits.cpu_milliseconds == milliseconds


def test_memory_and_output_are_mebibytes(tmp_path: Path) -> None:
    path = package(tmp_path, {"problem.yaml": "limits: {memory: 512, output: 4}"})
    limits = task_of(path).limits
    assert (limits.memory_bytes, limits.output_bytes) == (512 * 2**20, 4 * 2**20)


def test_the_newer_layout_names_people_and_sources_as_mappings(tmp_path: Path) -> None:
    text = """
problem_format_version: 2023-07-draft
name: {sv: Dubbel, en: Twice}
credits: {authors: [A. One, {name: B. Two, email: b@example.org}]}
source: [{name: A Contest, url: "https://example.org"}, Another]
keywords: [arithmetic, easy]
type: pass-fail
"""
    task = task_of(package(tmp_path, {"problem.yaml": text}))
    assert task.statement.startswith("# Twice\n")
    assert task.author == "A. One, B. Two"
    assert task.sources == ("A Contest", "Another")
    assert task.topic == "arithmetic"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("limits: 5", "limits is not a mapping"),
        ("limits: {memory: much}", "limit 'memory' is no positive number"),
        ("limits: {time_limit: -1}", "limit 'time_limit' is no positive number"),
        ("limits: {time_limit: .nan}", "limit 'time_limit' is no positive number"),
        ("type: [multi-pass]", "type 'multi-pass' is not supported"),
        ("validation: custom score", "validation 'score' is not supported"),
        ("- a list", "not a mapping"),
        ("[" * 2000, "this is not YAML"),
        ("a: !!python/object/apply:os.system [id]", "this is not YAML"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    assert any(problem in told for told in problems_of(package(tmp_path, {"problem.yaml": text})))
