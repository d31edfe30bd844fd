"""A task as JSON-able data without floats (RFC 8785 rules of the transparency log), and back.

The commitment of a rotation is made over exactly this payload. Example: a ``0.5`` among the
arguments of a case is written as ``{"$float": "0.5"}``; ``tests`` gains a ``kind``. Payloads of
before a field was added are read with its default.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.core.task import (
    Blanks,
    CallCase,
    CallCases,
    CheckScript,
    JudgingClass,
    Letters,
    Limits,
    ProgramCase,
    ProgramCases,
    Shape,
    Split,
    State,
    Subtask,
    TaskSpec,
    Tests,
    Tool,
    UnitTests,
)

_TEST_KINDS: dict[str, type] = {
    "check_script": CheckScript,
    "call_cases": CallCases,
    "program_cases": ProgramCases,
    "unit_tests": UnitTests,
}


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
