"""Write small problem packages for tests."""

from __future__ import annotations

from pathlib import Path

from benchserver.core.errors import BadInput
from benchserver.core.task import ProgramCases, TaskSpec
from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.icpc import Icpc

MINIMAL = {
    "problem.yaml": "name: Double\nsource: Test\nlicense: cc0\nauthor: A. Author\n",
    "problem_statement/problem.en.tex": "\\problemname{Double}\nPrint twice the \\emph{number}.\n",
    "data/sample/1.in": "1\n",
    "data/sample/1.ans": "2\n",
    "data/secret/1.in": "21\n",
    "data/secret/1.ans": "42\n",
    "submissions/accepted/a.py": "print(2 * int(input()))\n",
}


def package(
    home: Path, files: dict[str, str | None] | None = None, *, name: str = "double"
) -> Path:
    """The minimal package with ``files`` over it; None takes a file away."""
    for inner, text in {**MINIMAL, **(files or {})}.items():
        if text is not None:
            target = home / name / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return home / name


def task_of(path: Path, language: str = "") -> TaskSpec:
    (task,) = Icpc().read_in(path, language)
    return task


def cases_of(path: Path) -> ProgramCases:
    tests = task_of(path).tests
    assert isinstance(tests, ProgramCases)
    return tests


def faults_of(path: Path) -> list[BadInput]:
    try:
        Icpc().read(path)
    except SourceFaults as problem:
        return problem.faults
    return []


def problems_of(path: Path) -> list[str]:
    return [f"{fault.place}: {fault.problem}" for fault in faults_of(path)]
