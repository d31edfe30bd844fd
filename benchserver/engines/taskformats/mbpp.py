"""MBPP as it is published: JSONL of text (or prompt), code, asserts and what they import.

The function's name stands only in the asserts, so the statement shows the first assert that calls
it, as the paper's prompt shows the tests. Example: task 2 is tested through ``similar_elements``;
all its asserts are hidden tests, one of them is also the example.

Format: google-research/mbpp (Austin et al. 2021, arXiv 2108.07732).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.core.task import CheckScript, Shape, TaskSpec
from benchserver.engines.taskformats import jsonl, pythonsource
from benchserver.engines.taskformats.faults import Faults, refuse_doubles, text_of, texts_of

_PREFIX = "MBPP/"
_EXAMPLE = "\n\nYour code should satisfy this example:\n"


class Mbpp:
    name = "mbpp"

    def recognises(self, path: Path) -> bool:
        keys = jsonl.first_keys(path)
        return {"task_id", "code", "test_list"} <= keys and bool({"text", "prompt"} & keys)

    def read(self, path: Path) -> list[TaskSpec]:
        """All tasks of the file, in its order. Raises ``SourceFaults``.

        ``challenge_test_list`` is not used: published results rest on ``test_list`` alone.
        """
        faults = Faults()
        records = jsonl.read_records(path, faults=faults)
        tasks = [_task(record, faults=faults) for record in records]
        named = [(t.source_id, r.place) for t, r in zip(tasks, records, strict=True)]
        refuse_doubles(named, faults=faults)
        faults.stop_if_any()
        return tasks

    def write(self, tasks: Iterable[TaskSpec], path: Path) -> None:
        """The published fields a task. Raises ``BadInput`` for a task MBPP cannot say."""
        jsonl.write_records([_fields(task) for task in tasks], path)


def _task(record: jsonl.Record, *, faults: Faults) -> TaskSpec:
    place, data = record.place, record.data
    text_key = "text" if "text" in data else "prompt"
    text = _unix(text_of(data, text_key, faults=faults, place=place))
    code = _unix(text_of(data, "code", faults=faults, place=place))
    asserts = tuple(_unix(t) for t in texts_of(data, "test_list", faults=faults, place=place))
    setup = _setup(data, faults=faults, place=place)
    proxies = _functions(code, asserts)
    if code and not proxies:
        _explain(code, asserts, place=place, faults=faults)
    return TaskSpec(
        source_id=_source_id(data, faults=faults, place=place),
        shape=Shape.FUNCTION,
        statement=text.strip() + _EXAMPLE + _example(asserts, proxies),
        entry_point=proxies[0] if proxies else "",
        reference=f"{setup}\n\n{code}" if setup else code,
        tests=CheckScript(setup=setup, script="\n".join(asserts) + "\n", proxies=proxies),
    )


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _source_id(data: Any, *, faults: Faults, place: str) -> str:
    task_id = data.get("task_id")
    if isinstance(task_id, int) and not isinstance(task_id, bool):
        return f"{_PREFIX}{task_id}"
    if isinstance(task_id, str) and task_id:
        return task_id
    faults.add("task_id is neither a number nor a name", place=place, mend="Give it a task_id.")
    return ""


def _setup(data: Any, *, faults: Faults, place: str) -> str:
    imports = texts_of(data, "test_imports", faults=faults, place=place)
    code = text_of(data, "test_setup_code", faults=faults, place=place, default="")
    return "\n".join(part for part in (*imports, _unix(code)) if part.strip())


def _functions(code: str, asserts: tuple[str, ...]) -> tuple[str, ...]:
    """Names the asserts call and the reference makes, in order; the first is the entry point."""
    made = pythonsource.defined_names(code)
    return tuple(name for name in pythonsource.called_names("\n".join(asserts)) if name in made)


def _example(asserts: tuple[str, ...], proxies: tuple[str, ...]) -> str:
    naming = (a for a in asserts if set(proxies[:1]) <= set(pythonsource.called_names(a)))
    return next(naming, "")


def _explain(code: str, asserts: tuple[str, ...], *, place: str, faults: Faults) -> None:
    if pythonsource.parsed(code) is None:
        faults.add("code is not Python", place=place, mend="Mend code.")
    elif pythonsource.parsed("\n".join(asserts)) is None:
        faults.add("test_list is not Python", place=place, mend="Mend the asserts.")
    else:
        faults.add(
            "no assert calls a function that code defines",
            place=place,
            mend="Let test_list call the function by the name it has in code.",
        )


def _fields(task: TaskSpec) -> dict[str, Any]:
    tests = task.tests
    text, mark, _ = task.statement.rpartition(_EXAMPLE)
    if not isinstance(tests, CheckScript) or not mark or task.prompt_code:
        raise BadInput(
            "this task does not fit the MBPP format",
            place=task.source_id,
            mend="Write it in the native format.",
        )
    number = re.fullmatch(rf"{_PREFIX}(0|[1-9][0-9]*)", task.source_id)
    return {
        "text": text,
        "code": task.reference.removeprefix(f"{tests.setup}\n\n" if tests.setup else ""),
        "task_id": int(number[1]) if number else task.source_id,
        "test_setup_code": tests.setup,
        "test_list": _statements(tests.script),
        "challenge_test_list": [],
    }


def _statements(script: str) -> list[str]:
    """The script's asserts, one string each, also when one runs over several lines."""
    tree = pythonsource.parsed(script)
    lines = script.split("\n")
    body = tree.body if tree else []
    return ["\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in body]
