"""Write tasks as native folders; reading them back gives the same tasks.

Folders are numbered, so that the order survives and any id may be used. Example: HumanEval/38 as
the first task becomes ``0001-humaneval-38/`` with ``prompt.py``, ``tests/check.py`` and the rest.
Wrong and alternative solutions are no part of a ``TaskSpec`` and are not written.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.core.task import (
    Blanks,
    CallCases,
    CheckScript,
    Letters,
    Limits,
    ProgramCases,
    Shape,
    State,
    TaskSpec,
)
from benchserver.engines.taskformats import pythonsource
from benchserver.engines.taskformats.native import hidden_tests, programs
from benchserver.engines.taskformats.native.manifest import EXTENSIONS, FILE, LICENSE_SOURCE

_TABLES = "[[]]"  # no key of a manifest: what becomes TOML tables
_PLAIN = ("split", "topic", "difficulty", "family", "created", "author", "canary", "twin_of")


def write_pool(tasks: Iterable[TaskSpec], path: Path) -> None:
    """One folder a task below ``path``, which must be absent or empty. Raises ``BadInput``."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BadInput(
            "the place to write to is taken", place=path.name, mend="Name a new or empty folder."
        )
    all_files = [_files(task) for task in tasks]
    for number, (task_id, files) in enumerate(all_files, start=1):
        for inner, text in files.items():
            target = path / f"{number:04d}-{_slug(task_id)}" / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8"))


def _slug(task_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", task_id.lower()).strip("-")[:60] or "task"


def _files(task: TaskSpec) -> tuple[str, dict[str, str]]:
    if task.language not in EXTENSIONS:
        raise BadInput(
            "the native format does not know the language of this task",
            place=task.source_id,
            mend=f"Use one of: {', '.join(EXTENSIONS)}.",
        )
    end = EXTENSIONS[task.language]
    extra, tests = _tests(task)
    prompt = {f"prompt.{end}": task.prompt_code} if task.prompt_code else {}
    return task.source_id, {
        FILE: _toml(_manifest(task) | extra),
        "statement.md": task.statement,
        f"reference.{end}": task.reference,
        **prompt,
        **{f"tests/{name}": text for name, text in tests.items()},
        **(programs.tool_files(task.tests) if isinstance(task.tests, ProgramCases) else {}),
    }


def _manifest(task: TaskSpec) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": task.source_id,
        "shape": task.shape.value,
        "language": task.language,
        "judging_class": task.judging_class.value,
        **{key: getattr(task, key) or "" for key in _PLAIN},
    }
    if task.shape is Shape.FUNCTION:
        values["entry_point"] = task.entry_point
    sources = list(task.sources)
    if sources and sources[-1].startswith(LICENSE_SOURCE):
        values["license"] = sources.pop().removeprefix(LICENSE_SOURCE)
    kept = {key: value for key, value in values.items() if value or key == "license"}
    if sources:
        kept["sources"] = sources
    return kept | {"limits": _limits(task.limits)}


def _limits(limits: Limits) -> dict[str, int]:
    whole_mb, rest_mb = divmod(limits.memory_bytes, 2**20)
    whole_kb, rest_kb = divmod(limits.output_bytes, 2**10)
    memory = {"memory_bytes": limits.memory_bytes} if rest_mb else {"memory_mb": whole_mb}
    output = {"output_bytes": limits.output_bytes} if rest_kb else {"output_kb": whole_kb}
    return {"cpu_milliseconds": limits.cpu_milliseconds, **memory, **output}


def _tests(task: TaskSpec) -> tuple[dict[str, Any], dict[str, str]]:
    """Keys the tests add to the manifest, and the files below ``tests/``."""
    tests = task.tests
    if isinstance(tests, ProgramCases):
        return _program_keys(tests), _pairs(tests)
    if isinstance(tests, CallCases):
        lines = [json.dumps(dataclasses.asdict(c), ensure_ascii=False) for c in tests.cases]
        text = "".join(f"{line}\n" for line in lines)
        return _cases_keys(tests), {hidden_tests.CASES: text}
    if isinstance(tests, CheckScript):
        return _scripts(task, tests)
    raise BadInput(
        "the native format has no unit tests", place=task.source_id, mend="Use its own format."
    )


def _tolerance(tolerance: str, **more: str) -> dict[str, str]:
    return {**more, "tolerance": tolerance} if tolerance else more


def _program_keys(tests: ProgramCases) -> dict[str, Any]:
    keys = _tolerance(tests.tolerance, comparator=tests.comparator)
    if tests.relative_tolerance:
        keys["relative_tolerance"] = tests.relative_tolerance
    if tests.letters is not Letters.EXACT:
        keys["letters"] = tests.letters.value
    if tests.blanks is not Blanks.FREE:
        keys["blanks"] = tests.blanks.value
    return {**keys, _TABLES: programs.tables_of(tests, _stems(tests))}


def _cases_keys(tests: CallCases) -> dict[str, str]:
    keys = _tolerance(tests.tolerance)
    if tests.signature:
        keys["signature"] = tests.signature
    if tests.state is not State.SHARED:
        keys["state"] = tests.state.value
    return keys


def _stems(tests: ProgramCases) -> list[str]:
    width = max(2, len(str(len(tests.cases))))
    return [f"{number:0{width}d}" for number in range(1, len(tests.cases) + 1)]


def _pairs(tests: ProgramCases) -> dict[str, str]:
    return {
        f"{stem}.{end}": text
        for stem, case in zip(_stems(tests), tests.cases, strict=True)
        for end, text in (("in", case.stdin), ("out", case.expected))
    }


def _scripts(task: TaskSpec, tests: CheckScript) -> tuple[dict[str, Any], dict[str, str]]:
    own_setup = {hidden_tests.setup_name(task.language): tests.setup}
    setup = {} if tests.setup == task.prompt_code else own_setup
    script = hidden_tests.script_name(task.language)
    call = hidden_tests.check_call(task.entry_point)
    text = tests.script.removesuffix(call)
    checks = (
        task.language == "python"
        and text != tests.script
        and tests.proxies == (task.entry_point,)
        and task.entry_point != "check"
        and "check" in pythonsource.defined_names(text)
    )
    if checks:
        return {}, {hidden_tests.CHECK: text, **setup}
    return {"proxies": list(tests.proxies)}, {script: tests.script, **setup}


def _toml(values: dict[str, Any]) -> str:
    inner = [("[limits]", values["limits"]), *values.get(_TABLES, ())]
    lines = _lines({key: v for key, v in values.items() if key not in ("limits", _TABLES)})
    tables = [line for head, table in inner for line in ("", head, *_lines(table))]
    return "\n".join([*lines, *tables, ""])


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _value(value: str | int | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    # a JSON string is a TOML basic string, save for U+007F, which TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
