"""What a program task may have beside pairs and a comparator: tools of its author, and subtasks.

``[checker]`` or ``[interactor]`` name the files in ``tools/``, the main one first; every
``[[subtasks]]`` names its points and its pairs. Example: ``files = ["check.cpp", "check.h"]``. How
such programs are called is told in docs/adr/0014-checkers-and-interactors.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchserver.core.task import ProgramCases, Subtask, Tool
from benchserver.engines.taskformats.faults import text_of, texts_of
from benchserver.engines.taskformats.native.folder import Folder

TOOLS = "tools"
KINDS = ("checker", "interactor")
SUBTASKS = "subtasks"
TABLES = (*KINDS, SUBTASKS)
_TOOL_KEYS = {"language", "files", "arguments"}
_SUBTASK_KEYS = {"name", "points", "cases"}
_FILE = "task.toml"


def read_tools(folder: Folder, tables: Mapping[str, Any]) -> dict[str, Tool]:
    """The task's checker or interactor by its kind; files in ``tools/`` that nobody names are
    faults, as are two deciders."""
    given = [kind for kind in KINDS if kind in tables]
    if len(given) > 1:
        folder.fault("both a checker and an interactor", inner=_FILE, mend="Keep one.")
    tools = {kind: _tool(folder, kind, tables[kind]) for kind in given}
    named = {name for tool in tools.values() for name, _ in tool.files}
    for name in folder.names(TOOLS):
        if name not in named:
            mend = "Name it in files of the checker or interactor, or remove it."
            folder.fault("unknown file", inner=f"{TOOLS}/{name[:60]}", mend=mend)
    return tools


def read_subtasks(
    folder: Folder, tables: Mapping[str, Any], stems: Sequence[str]
) -> tuple[Subtask, ...]:
    """``stems``: the names of the pairs, in order."""
    listed = tables.get(SUBTASKS, [])
    if not isinstance(listed, list):
        folder.fault("subtasks is no list of tables", inner=_FILE, mend="Write [[subtasks]].")
        return ()
    return tuple(_subtask(folder, table, stems) for table in listed)


def tool_files(tests: ProgramCases) -> dict[str, str]:
    """Inner path -> text of the author's programs."""
    tool = tests.checker or tests.interactor
    return {f"{TOOLS}/{name}": text for name, text in (tool.files if tool else ())}


def tables_of(tests: ProgramCases, stems: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """(heading, keys) of the TOML tables, in the order in which they are written."""
    tools = [(f"[{kind}]", _keys(tool)) for kind in KINDS if (tool := getattr(tests, kind))]
    subtasks = [
        (
            f"[[{SUBTASKS}]]",
            {"name": s.name, "points": s.points, "cases": [stems[case] for case in s.cases]},
        )
        for s in tests.subtasks
    ]
    return tools + subtasks


def _keys(tool: Tool) -> dict[str, Any]:
    return {
        "language": tool.language,
        "files": [name for name, _ in tool.files],
        "arguments": list(tool.arguments),
    }


def _tool(folder: Folder, kind: str, table: Any) -> Tool:
    table = _checked(folder, kind, table, _TOOL_KEYS)
    place = folder.place(_FILE)
    language = text_of(table, "language", faults=folder.faults, place=place)
    names = texts_of(table, "files", faults=folder.faults, place=place)
    arguments = texts_of(table, "arguments", faults=folder.faults, place=place)
    if not names:
        folder.fault(f"the {kind} has no files", inner=_FILE, mend="Name the main file first.")
    files = tuple((name, _text(folder, name)) for name in names)
    return Tool(language=language, files=files, arguments=arguments)


def _text(folder: Folder, name: str) -> str:
    if "/" in name:
        folder.fault("a tool's file lies deeper", inner=_FILE, mend=f"Put it into {TOOLS}/.")
        return ""
    return folder.text(f"{TOOLS}/{name}")


def _subtask(folder: Folder, table: Any, stems: Sequence[str]) -> Subtask:
    table = _checked(folder, SUBTASKS, table, _SUBTASK_KEYS)
    place = folder.place(_FILE)
    name = text_of(table, "name", faults=folder.faults, place=place)
    cases = texts_of(table, "cases", faults=folder.faults, place=place)
    points = table.get("points")
    if isinstance(points, bool) or not isinstance(points, int) or points < 0:
        folder.fault("points are no whole number", inner=_FILE, mend="Write 0 or more.")
        points = 0
    if not cases or set(cases) - set(stems):
        mend = "Name one or more pairs of tests/ without their endings."
        folder.fault("a subtask has no cases, or names no pair", inner=_FILE, mend=mend)
    known = tuple(stems.index(case) for case in cases if case in stems)
    return Subtask(name=name, points=points, cases=known)


def _checked(folder: Folder, what: str, table: Any, known: set[str]) -> dict[str, Any]:
    """The table; an unknown key is a fault, and so is anything that is no table."""
    if not isinstance(table, dict):
        folder.fault(f"{what} is no table", inner=_FILE, mend=f"Write it as [{what}].")
        return {}
    for key in table.keys() - known:
        mend = f"Use {', '.join(sorted(known))}."
        folder.fault(f"unknown key {key[:40]!r} in {what}", inner=_FILE, mend=mend)
    return table
