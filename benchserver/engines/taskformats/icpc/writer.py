"""Write program tasks as problem packages in the legacy layout; reading them back judges the same.

Example: the task ``different`` becomes ``different/`` with ``problem.yaml``, its statement, data,
validator and the reference as its one accepted submission. What the format cannot say (topic aside:
canary, twin, difficulty, split) is not written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from benchserver.core.errors import BadInput
from benchserver.core.task import (
    Blanks,
    Letters,
    ProgramCase,
    ProgramCases,
    Shape,
    TaskSpec,
    Tool,
)
from benchserver.engines.taskformats.icpc.problem import FILE
from benchserver.engines.taskformats.icpc.statement import shown_samples
from benchserver.engines.taskformats.native.manifest import EXTENSIONS, LICENSE_SOURCE

_MEBIBYTE = 2**20


def write_packages(tasks: Iterable[TaskSpec], path: Path) -> None:
    """One folder a task below ``path``, which must be absent or empty. Raises ``BadInput``."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        mend = "Name a new or empty folder."
        raise BadInput("the place to write to is taken", place=path.name, mend=mend)
    packages: dict[str, dict[str, str]] = {}
    for task in tasks:
        name = _slug(task.source_id)
        if name in packages:
            raise BadInput("two tasks would share a folder", place=name, mend="Rename one.")
        packages[name] = _files(task)
    for name, files in packages.items():
        for inner, text in files.items():
            target = path / name / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8"))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:60] or "task"


def _files(task: TaskSpec) -> dict[str, str]:
    tests, end = task.tests, EXTENSIONS.get(task.language)
    if not isinstance(tests, ProgramCases) or task.shape is not Shape.PROGRAM:
        raise _misfit(task, "this task is no program")
    if end is None or task.solution_files:
        raise _misfit(task, "a submission must be one file in a known language")
    name = _title(task)
    text = task.statement.removesuffix(_samples_shown(tests)).removeprefix(f"# {name}\n\n")
    validator = tests.interactor or tests.checker
    return {
        FILE: yaml.safe_dump(_manifest(task, tests, name), allow_unicode=True, sort_keys=False),
        ".timelimit": f"{task.limits.cpu_milliseconds / 1000:g}\n",
        "problem_statement/problem.en.md": text,
        f"submissions/accepted/{_slug(task.family or name)}.{end}": task.reference,
        **dict(_validator_files(validator)),
        **{f"data/{inner}": content for inner, content in _data(task, tests)},
    }


def _misfit(task: TaskSpec, problem: str) -> BadInput:
    return BadInput(problem, place=task.source_id, mend="Write it in the native format.")


def _title(task: TaskSpec) -> str:
    found = re.match(r"# (\S.*)\n\n", task.statement)
    return found[1] if found else task.source_id


def _manifest(task: TaskSpec, tests: ProgramCases, name: str) -> dict[str, Any]:
    licences = [s.removeprefix(LICENSE_SOURCE) for s in task.sources if _is_licence(s)]
    custom = "custom interactive" if tests.interactor else "custom"
    validator = tests.interactor or tests.checker
    flags = validator.arguments if validator else _flags(tests)
    values = {
        "name": name,
        "author": task.author,
        "source": "; ".join(s for s in task.sources if not _is_licence(s)),
        "license": next(iter(licences), ""),
        "keywords": task.topic,
        "type": "scoring" if tests.subtasks else "",
        "validation": custom if validator else "",
        "validator_flags": " ".join(flags),
        "limits": {
            "memory": task.limits.memory_bytes / _MEBIBYTE,
            "output": task.limits.output_bytes / _MEBIBYTE,
        },
    }
    return {key: value for key, value in values.items() if value}


def _is_licence(source: str) -> bool:
    return source.startswith(LICENSE_SOURCE)


def _flags(tests: ProgramCases) -> list[str]:
    """The rule of comparison as flags of the default validator."""
    exact = tests.comparator == "exact"
    flags = ["case_sensitive"] if exact or tests.letters is Letters.EXACT else []
    if exact or tests.blanks is Blanks.KEPT:
        flags.append("space_change_sensitive")
    if tests.comparator == "float":
        absolute = tests.tolerance or "1e-6"
        flags += ["float_absolute_tolerance", absolute]
        flags += ["float_relative_tolerance", tests.relative_tolerance or absolute]
    return flags


def _validator_files(tool: Tool | None) -> Iterator[tuple[str, str]]:
    """The main file under a name that the reader takes for it, the others beside it."""
    for number, (name, text) in enumerate(tool.files if tool else ()):
        suffix = name.rpartition(".")[2]
        yield f"output_validators/validator/{name if number else f'main.{suffix}'}", text


def _data(task: TaskSpec, tests: ProgramCases) -> Iterator[tuple[str, str]]:
    """Inner paths below ``data/`` and their texts."""
    taken: set[str] = set()
    for case in _samples(tests):
        yield from _pair(case, "sample", taken)
    grouped = [index for subtask in tests.subtasks for index in subtask.cases]
    if len(grouped) != len(set(grouped)):
        raise _misfit(task, "a case belongs to several subtasks")
    for subtask in tests.subtasks:
        where = f"secret/{_slug(subtask.name)}"
        settings = {"grader_flags": "min", "accept_score": subtask.points}
        yield f"{where}/testdata.yaml", yaml.safe_dump(settings)
        for index in subtask.cases:
            yield from _pair(tests.cases[index], where, taken)
    for case in () if tests.subtasks else tests.cases:
        if not _is_sample(case):
            yield from _pair(case, "secret", taken)


def _pair(case: ProgramCase, where: str, taken: set[str]) -> Iterator[tuple[str, str]]:
    stem = f"{where}/{_slug(case.name.rpartition('/')[2]) if case.name else ''}"
    if stem in taken or stem.endswith("/"):
        stem = f"{where}/{len(taken) + 1:04d}"
    taken.add(stem)
    yield f"{stem}.in", case.stdin
    yield f"{stem}.ans", case.expected


def _is_sample(case: ProgramCase) -> bool:
    return case.name.startswith("sample/")


def _samples(tests: ProgramCases) -> list[ProgramCase]:
    return [case for case in tests.cases if _is_sample(case)]


def _samples_shown(tests: ProgramCases) -> str:
    if tests.interactor:
        return ""
    return shown_samples([(case.stdin, case.expected) for case in _samples(tests)])
