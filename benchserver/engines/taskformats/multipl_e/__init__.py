"""MultiPL-E as it is published: JSONL of HumanEval in other languages, with literal asserts.

The asserts of a line become call cases, so that no expected value enters the candidate's box. A
line whose asserts compute something stays test code: in JavaScript and TypeScript it runs in the
examiner, in the other languages beside the solution (MITIGATED). Lines have no reference: they can
be graded, not imported. Example: ``assert(candidate((3)) == (1));`` is the case ``[3] -> 1``.

Format: https://github.com/nuprl/MultiPL-E (Cassano et al. 2022, arXiv 2208.08227).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchserver.core.errors import BadInput
from benchserver.core.task import (
    CallCase,
    CallCases,
    CheckScript,
    JudgingClass,
    Shape,
    TaskSpec,
    Tests,
    UnitTests,
)
from benchserver.engines.taskformats import jsonl
from benchserver.engines.taskformats.faults import Faults, refuse_doubles, text_of, texts_of
from benchserver.engines.taskformats.multipl_e import bash, cpp, go, java, javascript, rust
from benchserver.engines.taskformats.multipl_e.literals import Case, Unreadable

BESIDE = "multipl-e"  # the framework of tests that run beside the solution
_TEXTS = ("name", "language", "prompt", "tests")
_KEYS = {*_TEXTS, "stop_tokens"}
_NUMBER = re.compile(r"(HumanEval)_(\d+)_")


@dataclass(frozen=True, slots=True)
class _Dialect:
    """``frame``: the tests around their assertions. ``closing``: what ends a cut completion."""

    language: str
    frame: re.Pattern[str]
    cases: Callable[[str], list[Case]]
    closing: str = ""
    named: re.Pattern[str] | None = None  # when the frame does not name the function


_DIALECTS = {
    "js": _Dialect("javascript", javascript.FRAME, javascript.cases),
    "ts": _Dialect("typescript", javascript.FRAME, javascript.cases),
    "cpp": _Dialect("cpp", cpp.FRAME, cpp.cases, "\n}\n"),
    "go_test.go": _Dialect("go", go.FRAME, go.cases),
    "rs": _Dialect("rust", rust.FRAME, rust.cases, "\n}\n"),
    "java": _Dialect("java", java.FRAME, java.cases, "\n    }\n}\n", java.NAME),
    "sh": _Dialect("bash", bash.FRAME, bash.cases, "\n}\n"),
}
_SCRIPTED = ("javascript", "typescript")


class MultiplE:
    name = "multipl-e"

    def recognises(self, path: Path) -> bool:
        return jsonl.first_keys(path).issuperset(_KEYS)

    def read(self, path: Path) -> list[TaskSpec]:
        """All tasks of the file, in its order. Raises ``SourceFaults``."""
        faults = Faults()
        records = jsonl.read_records(path, faults=faults)
        tasks = [_task(record, faults=faults) for record in records]
        named = [
            (task.source_id, record.place)
            for task, record in zip(tasks, records, strict=True)
            if task is not None
        ]
        refuse_doubles(named, faults=faults)
        faults.stop_if_any()
        return [task for task in tasks if task is not None]

    def write(self, tasks: Iterable[TaskSpec], path: Path) -> None:
        """Raises ``BadInput``: the format has no place for a reference, so it is only read."""
        raise BadInput(
            "multipl-e is only read", place=path.name, mend="Write the native format instead."
        )


def by_kind(tasks: Iterable[TaskSpec]) -> dict[str, int]:
    """How many tasks run as ``cases``, as ``script`` in the examiner, and ``mitigated``."""
    kinds = {CallCases: "cases", CheckScript: "script", UnitTests: "mitigated"}
    counts = dict.fromkeys(kinds.values(), 0)
    for task in tasks:
        counts[kinds[type(task.tests)]] += 1
    return counts


def _task(record: jsonl.Record, *, faults: Faults) -> TaskSpec | None:
    place, found = record.place, len(faults.found)
    texts = {key: text_of(record.data, key, faults=faults, place=place) for key in _TEXTS}
    stops = texts_of(record.data, "stop_tokens", faults=faults, place=place)
    dialect = _DIALECTS.get(texts["language"])
    if dialect is None and len(faults.found) == found:
        mend = f"Keep lines in one of: {', '.join(_DIALECTS)}."
        faults.add("this language is not judged", place=place, mend=mend)
    framed = dialect.frame.fullmatch(texts["tests"]) if dialect else None
    entry = _entry_point(dialect, framed, texts["tests"]) if dialect else ""
    if dialect and not entry:
        faults.add("the tests name no function", place=place, mend="Mend tests.")
    if dialect is None or len(faults.found) > found:
        return None
    number = _NUMBER.match(texts["name"])
    tests = _tests(dialect, framed, texts["tests"], entry)
    mitigated = isinstance(tests, UnitTests)
    return TaskSpec(
        source_id=texts["name"],
        shape=Shape.FUNCTION,
        statement=texts["prompt"],
        prompt_code=texts["prompt"],
        entry_point=entry,
        reference="",
        language=dialect.language,
        tests=tests,
        judging_class=JudgingClass.MITIGATED if mitigated else JudgingClass.PROVABLE,
        family=f"{number[1]}/{number[2]}" if number else "",
        stop_tokens=stops,
        closing=dialect.closing,
    )


_ANY_NAME = re.compile(r'candidate\s*:?=\s*(\w+)|assert\((\w+)\(|(\w+) "\$@"')


def _entry_point(dialect: _Dialect, framed: re.Match[str] | None, tests: str) -> str:
    if framed and "name" in framed.re.groupindex:
        return framed["name"]
    found = (dialect.named or _ANY_NAME).search(tests)
    return next((name for name in found.groups() if name), "") if found else ""


def _tests(dialect: _Dialect, framed: re.Match[str] | None, tests: str, entry: str) -> Tests:
    try:
        if framed is None:
            raise Unreadable(0)
        found = dialect.cases(framed["body"])
    except Unreadable:
        return _unread(dialect, tests, entry)
    return CallCases(cases=tuple(CallCase(args=tuple(a), expected=e) for a, e in found))


def _unread(dialect: _Dialect, tests: str, entry: str) -> Tests:
    if dialect.language not in _SCRIPTED:
        return UnitTests(framework=BESIDE, files=(("tests", tests),), solution_files=())
    declared = f"declare var {entry}: any;\n" if dialect.language == "typescript" else ""
    return CheckScript(setup="", script=declared + tests, proxies=(entry,))
