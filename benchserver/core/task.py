"""What a coding task is, whatever format it came from.

A ``TaskSpec`` is plain frozen data: the statement a model sees, the trusted code that the
statement carries, the hidden tests and the limits. Example: HumanEval/38 becomes shape FUNCTION
with ``prompt_code`` = its prompt (the helper ``encode_cyclic`` included), ``entry_point`` =
``decode_cyclic`` and a ``CheckScript`` that the examiner runs.

``to_payload``/``from_payload`` turn it into JSON-able data without floats (RFC 8785 rules of the
transparency log) and back; the commitment is made over exactly that payload.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from benchserver.core.errors import BadInput


class Shape(StrEnum):
    """How a solution is exercised."""

    FUNCTION = "function"
    PROGRAM = "program"
    UNITTESTS = "unittests"


class Split(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"


class JudgingClass(StrEnum):
    """PROVABLE: a pass cannot be forged. MITIGATED: forging is made hard, never on one board."""

    PROVABLE = "provable"
    MITIGATED = "mitigated"


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the candidate may use. CPU time is the time limit; wall time is only our backstop."""

    cpu_milliseconds: int = 10_000
    memory_bytes: int = 256 * 2**20
    output_bytes: int = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckScript:
    """The task's own test code. It runs in the examiner, never beside the candidate.

    ``setup`` is trusted code run first (prompt helpers, imports); ``script`` is the test code;
    every name in ``proxies`` is replaced by a stub that calls the candidate's function of that
    name over the pipe.
    """

    setup: str
    script: str
    proxies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCase:
    """One call: ``args`` and ``expected`` as *wire* values (``engines/judges/wire.py``), i.e.
    JSON with tags for what JSON lacks, so that the payload stays plain data."""

    args: tuple[Any, ...]
    expected: Any


class State(StrEnum):
    """What calls of one submission may see of each other. FRESH: each call a process of its own."""

    SHARED = "shared"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCases:
    """Hidden cases as data: the judge itself compares, exactly, or floats within tolerance.

    ``signature``: the function's head, for languages that cannot tell the types of a function
    themselves (C). ``state``: whether one case may see what an earlier one left.
    """

    cases: tuple[CallCase, ...]
    tolerance: str = ""
    state: State = State.SHARED
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCase:
    """``name``: what its source calls it; never shown for hidden tasks."""

    stdin: str
    expected: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program of the task's author (checker, interactor): it runs in a box of its own and gets
    data only. ``files``: (name, text) pairs; ``arguments``: the flags its source gives it."""

    language: str
    files: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Tool {self.language}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtask:
    """Points for a group of cases: all of ``cases`` (indices) must pass to earn ``points``."""

    name: str
    points: int
    cases: tuple[int, ...]


class Letters(StrEnum):
    """Whether tokens that differ only in upper and lower case are the same."""

    EXACT = "exact"
    ANY_CASE = "any_case"


class Blanks(StrEnum):
    """FREE: any white space between tokens is alike. KEPT: it must be the same."""

    FREE = "free"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCases:
    """stdin/stdout cases. ``comparator``: ``tokens``, ``exact`` or ``float`` (with tolerance).

    ``tolerance`` is absolute, and relative too unless ``relative_tolerance`` says another one
    (``0``: none). ``checker`` replaces the comparator; ``interactor`` talks to the program
    instead of a stdin. With ``subtasks``, cases that are in none of them are examples: shown,
    not judged.
    """

    cases: tuple[ProgramCase, ...]
    comparator: str = "tokens"
    tolerance: str = ""
    relative_tolerance: str = ""
    letters: Letters = Letters.EXACT
    blanks: Blanks = Blanks.FREE
    checker: Tool | None = None
    interactor: Tool | None = None
    subtasks: tuple[Subtask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTests:
    """The tests of an exercise or project, run by ``framework`` beside the solution.

    ``files``: (path, text) pairs of tests and configuration, laid over whatever the solution
    brought, owned by somebody else. ``solution_files``: the paths a solution fills.
    """

    framework: str
    files: tuple[tuple[str, str], ...]
    solution_files: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<UnitTests {self.framework}>"


Tests = CheckScript | CallCases | ProgramCases | UnitTests

_TEST_KINDS: dict[str, type] = {
    "check_script": CheckScript,
    "call_cases": CallCases,
    "program_cases": ProgramCases,
    "unit_tests": UnitTests,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One coding task in one language.

    ``source_id``: its name in its source, unique there (``HumanEval/38``).
    ``statement``: the text a model is shown (the template wraps it, ``core/prompting.py``).
    ``prompt_code``: trusted code the statement carries; a reply that is an indented body
    continues it; empty when the statement is prose.
    ``reference``: a whole program (prompt code included) that passes.
    ``family``: tasks that share template, repository or translation; the cluster for errors.
    ``created``: ISO date or empty.
    ``solution_files``: when a solution is several files, their paths; then every solution
    (``reference`` too) is the text that ``core/solution.py`` joins and splits.
    ``stop_tokens``: where a completion of the prompt is cut, as its source says; ``closing``: the
    text that ends it then (a last brace).
    """

    source_id: str
    shape: Shape
    statement: str
    tests: Tests
    reference: str
    language: str = "python"
    prompt_code: str = ""
    entry_point: str = ""
    limits: Limits = field(default_factory=Limits)
    judging_class: JudgingClass = JudgingClass.PROVABLE
    split: Split | None = None
    family: str = ""
    topic: str = ""
    difficulty: str = ""
    created: str = ""
    author: str = ""
    sources: tuple[str, ...] = ()
    canary: str = ""
    twin_of: str = ""
    solution_files: tuple[str, ...] = ()
    stop_tokens: tuple[str, ...] = ()
    closing: str = ""

    def __repr__(self) -> str:  # content never reaches a log through a repr
        return f"<TaskSpec {self.shape} {self.language}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSpec:
    """The part of a task the *generate* right opens: what is shown, nothing of the tests."""

    shape: Shape
    language: str
    statement: str
    prompt_code: str
    entry_point: str
    solution_files: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<PromptSpec {self.shape} {self.language}>"


def prompt_of(task: TaskSpec) -> PromptSpec:
    return PromptSpec(
        shape=task.shape,
        language=task.language,
        statement=task.statement,
        prompt_code=task.prompt_code,
        entry_point=task.entry_point,
        solution_files=task.solution_files,
    )


def to_payload(task: TaskSpec) -> dict[str, Any]:
    """The task as JSON-able data; ``tests`` gains a ``kind``. Inverse of ``from_payload``."""
    payload = dataclasses.asdict(task)
    kind = next(name for name, cls in _TEST_KINDS.items() if isinstance(task.tests, cls))
    payload["tests"] = {"kind": kind, **_plain(payload["tests"])}
    return payload


def from_payload(payload: Mapping[str, Any]) -> TaskSpec:
    """Rebuild a task from its payload. Raises ``BadInput`` on an unknown kind of tests."""
    data = dict(payload)
    data["tests"] = _tests_from(dict(data["tests"]))
    data["limits"] = Limits(**data["limits"])
    data["shape"] = Shape(data["shape"])
    data["judging_class"] = JudgingClass(data["judging_class"])
    data["split"] = Split(data["split"]) if data["split"] else None
    data["sources"] = tuple(data["sources"])
    data["solution_files"] = tuple(data.get("solution_files", ()))
    data["stop_tokens"] = tuple(data.get("stop_tokens", ()))
    return TaskSpec(**data)


_EXACT = 2**53 - 1  # RFC 8785 numbers are doubles; larger integers travel as text


def _plain(value: Any) -> Any:
    """Floats and huge integers as tagged text: committed records hold none, and repr is exact."""
    if isinstance(value, float):
        return {"$float": repr(value)}
    if isinstance(value, int) and abs(value) > _EXACT:
        return {"$int": str(value)}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    tag, text = next(iter(value.items())) if len(value) == 1 else ("", None)
    if tag == "$float" and isinstance(text, str) and text not in ("nan", "inf", "-inf"):
        return float(text)
    # The wire's own huge integers are hexadecimal and stay as they are.
    if tag == "$int" and isinstance(text, str) and text.lstrip("-").isdecimal():
        return int(text)
    return {key: _restored(inner) for key, inner in value.items()}


def _tests_from(data: dict[str, Any]) -> Tests:
    kind = data.pop("kind", None)
    if kind not in _TEST_BUILDERS:
        raise BadInput(f"unknown kind of tests {kind!r}", place="tests.kind")
    return _TEST_BUILDERS[kind](data)


def _check_script(data: dict[str, Any]) -> CheckScript:
    return CheckScript(**{**data, "proxies": tuple(data["proxies"])})


def _call_cases(data: dict[str, Any]) -> CallCases:
    cases = tuple(
        CallCase(args=tuple(_restored(c["args"])), expected=_restored(c["expected"]))
        for c in data["cases"]
    )
    state = State(data.get("state", State.SHARED))
    return CallCases(**{**data, "cases": cases, "state": state})


def _program_cases(data: dict[str, Any]) -> ProgramCases:
    subtasks = tuple(
        Subtask(name=s["name"], points=s["points"], cases=tuple(s["cases"]))
        for s in data.get("subtasks", ())
    )
    built = {
        "cases": tuple(ProgramCase(**c) for c in data["cases"]),
        "letters": Letters(data.get("letters", Letters.EXACT)),
        "blanks": Blanks(data.get("blanks", Blanks.FREE)),
        "checker": _tool(data.get("checker")),
        "interactor": _tool(data.get("interactor")),
        "subtasks": subtasks,
    }
    return ProgramCases(**{**data, **built})


def _unit_tests(data: dict[str, Any]) -> UnitTests:
    built = {"files": _pairs(data["files"]), "solution_files": tuple(data["solution_files"])}
    return UnitTests(**{**data, **built})


def _tool(data: dict[str, Any] | None) -> Tool | None:
    if data is None:
        return None
    built = {"files": _pairs(data["files"]), "arguments": tuple(data["arguments"])}
    return Tool(**{**data, **built})


def _pairs(data: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in data)


_TEST_BUILDERS: dict[str, Callable[[dict[str, Any]], Tests]] = {
    "check_script": _check_script,
    "call_cases": _call_cases,
    "program_cases": _program_cases,
    "unit_tests": _unit_tests,
}
