"""``problem.yaml``: name, limits, how outputs are validated, who made it.

Reads both layouts: ``validation: custom interactive`` with ``output_validators/`` (legacy) and
``type: [scoring, interactive]`` with ``output_validator/`` (2023-07). What would change a verdict
and is not understood is a fault, the rest is passed over. Example: ``limits: {memory: 512}`` is
512 MiB; without a time limit anywhere (``limits.time_limit``, ``.timelimit``,
``domjudge-problem.ini``) it is 10 seconds of CPU.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from benchserver.core.task import Limits
from benchserver.engines.taskformats.native.folder import Folder
from benchserver.engines.taskformats.native.manifest import LICENSE_SOURCE

FILE = "problem.yaml"
_MEBIBYTE = 2**20
_DEFAULT_MEMORY, _DEFAULT_OUTPUT = 1024, 8  # MiB, what the format says when a package does not
_TYPES = {"pass-fail", "scoring", "interactive"}
_VALIDATIONS = {"default", "custom", "interactive"}
_TIME_FILES = (
    (".timelimit", re.compile(r"^\s*([0-9.]+)\s*$", re.M)),
    ("domjudge-problem.ini", re.compile(r"""^\s*timelimit\s*=\s*["']?([0-9.]+)""", re.M)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """``flags``: what the output validator gets. ``custom``: the package brings that validator."""

    name: str
    limits: Limits
    custom: bool
    interactive: bool
    scoring: bool
    flags: tuple[str, ...]
    topic: str
    author: str
    sources: tuple[str, ...]


def read_yaml(folder: Folder, inner: str) -> dict[str, Any] | None:
    """The mapping in the file, empty for an empty file; None and a fault for anything else."""
    before = len(folder.faults.found)
    text = folder.text(inner)
    if len(folder.faults.found) > before:
        return None
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        folder.fault("this is not YAML", inner=inner, line=line, mend="Mend the syntax.")
        return None
    if data is None:
        return {}
    if not isinstance(data, dict):
        folder.fault("not a mapping", inner=inner, mend="Write keys and values.")
        return None
    return {str(key): value for key, value in data.items()}


def read_problem(folder: Folder) -> Problem | None:
    """The manifest, or None when it is no YAML; every flaw is a fault of the folder."""
    data = read_yaml(folder, FILE)
    if data is None:
        return None
    types = _words(data.get("type"))
    validation = _words(data.get("validation"))
    _refuse(folder, types - _TYPES, key="type")
    _refuse(folder, validation - _VALIDATIONS, key="validation")
    if folder.names("include"):
        folder.fault("code that is added to solutions", inner="include", mend="Do without it.")
    return Problem(
        name=_name(data.get("name")) or folder.name,
        limits=_limits(folder, data.get("limits")),
        custom="custom" in validation or bool(folder.names("output_validator")),
        interactive="interactive" in types | validation,
        scoring="scoring" in types,
        flags=tuple(str(data.get("validator_flags") or "").split()),
        topic=next(iter(_list(data.get("keywords"))), ""),
        author=", ".join(_authors(data)),
        sources=_sources(data),
    )


def _words(value: Any) -> set[str]:
    return set(_list(value))


def _list(value: Any) -> list[str]:
    """A list of words, or a string of words separated by blanks: the two layouts differ."""
    items = value if isinstance(value, list) else str(value or "").split()
    return [str(item) for item in items]


def _refuse(folder: Folder, unknown: set[str], *, key: str) -> None:
    for word in sorted(unknown):
        mend = "Only pass-fail, scoring and interactive packages can be judged here."
        folder.fault(f"{key} {word[:40]!r} is not supported", inner=FILE, mend=mend)


def _name(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("en") or next(iter(value.values()), "")
    return str(value or "").strip()


def _authors(data: Mapping[str, Any]) -> list[str]:
    value = data.get("credits") or data.get("author")
    if isinstance(value, dict):
        value = value.get("authors")
    people = value if isinstance(value, list) else [value]
    return [_person(person) for person in people if person]


def _person(person: Any) -> str:
    return str(person.get("name", "")) if isinstance(person, dict) else str(person)


def _sources(data: Mapping[str, Any]) -> tuple[str, ...]:
    value = data.get("source")
    found = [_person(one) for one in (value if isinstance(value, list) else [value]) if one]
    if data.get("license"):
        found.append(f"{LICENSE_SOURCE}{data['license']}")
    return tuple(found)


def _limits(folder: Folder, table: Any) -> Limits:
    if table is None:
        table = {}
    if not isinstance(table, dict):
        folder.fault("limits is not a mapping", inner=FILE, mend="Write keys below limits.")
        return Limits()
    seconds = _number(folder, table, "time_limit") or _time_beside(folder)
    memory = _number(folder, table, "memory") or _DEFAULT_MEMORY
    output = _number(folder, table, "output") or _DEFAULT_OUTPUT
    default = Limits()
    return Limits(
        cpu_milliseconds=round(seconds * 1000) if seconds else default.cpu_milliseconds,
        memory_bytes=int(memory * _MEBIBYTE),
        output_bytes=int(output * _MEBIBYTE),
    )


def _number(folder: Folder, table: Mapping[str, Any], key: str) -> float:
    """The positive number under ``key``, 0 when it is absent."""
    value = table.get(key)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
        folder.fault(f"limit {key!r} is no positive number", inner=FILE, mend="Write a number.")
        return 0
    return value


def _time_beside(folder: Folder) -> float:
    for inner, pattern in _TIME_FILES:
        found = pattern.search(folder.optional_text(inner))
        if found:
            try:
                return _number(folder, {inner: float(found[1])}, inner)
            except ValueError:
                folder.fault("the time limit is no number", inner=inner, mend="Write seconds.")
    return 0
