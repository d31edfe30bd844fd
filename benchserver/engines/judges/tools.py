"""Programs of a task's author (checkers, interactors): built once, run in boxes of their own.

They follow the convention of ICPC judges: called with input file, answer file and a folder for
feedback, they answer by exit status, 42 for right and 43 for wrong. Only that status is read.
Example: a C++ checker is compiled when the first submission of its task is judged.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock
from weakref import WeakKeyDictionary

from benchserver.core.errors import PlatformFault
from benchserver.core.task import Limits, ProgramCase, Tool
from benchserver.engines.judges.build import Built, NotCompiled, build
from benchserver.engines.judges.endings import without_starving
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Sandbox

RIGHT, WRONG = 42, 43

_LIMITS = Limits(cpu_milliseconds=60_000, memory_bytes=2**30, output_bytes=2**20)
_MOST_KEPT = 32
_MANY_SOURCES = ("c", "cpp")  # whose compile step takes every source it finds
_FEEDBACK = "/tmp/"

# Modules beside the main file may be imported, unlike in a candidate's box.
_PYTHON_RUNNER = b"""\
import builtins, runpy, sys
builtins.exit = builtins.quit = sys.exit
sys.path.insert(0, "/box")
sys.argv[0] = "/box/main.py"
runpy.run_path("/box/main.py", run_name="__main__")
"""


def tool_box(tool: Tool, case: ProgramCase, sandbox: Sandbox) -> BoxRequest:
    """The box of one run of ``tool``. Raises ``PlatformFault`` when the tool does not build."""
    files = {"case.in": case.stdin.encode(), "case.ans": case.expected.encode()}
    if tool.language == "python":
        files["run.py"] = _PYTHON_RUNNER
    return _built(tool, sandbox).request(
        limits=_LIMITS,
        arguments=("/box/case.in", "/box/case.ans", _FEEDBACK, *tool.arguments),
        files=files,
    )


def answer_of(result: BoxResult) -> bool | None:
    """What the tool said: right, wrong, or nothing (it crashed or hit a limit).

    Raises ``PlatformFault`` when the host starved it.
    """
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run a tool of the task")
    if result.ending is not Ending.EXITED or result.exit_code not in (RIGHT, WRONG):
        return None
    return result.exit_code == RIGHT


_KEPT: WeakKeyDictionary[Sandbox, OrderedDict[bytes, Built]] = WeakKeyDictionary()
_KEEPING = Lock()


def _built(tool: Tool, sandbox: Sandbox) -> Built:
    """Build, or find what the last judgements of the same task built."""
    key = hashlib.sha256(repr((tool.language, tool.files)).encode()).digest()
    with _KEEPING:
        kept = _KEPT.setdefault(sandbox, OrderedDict())
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    built = _build(tool, sandbox)
    with _KEEPING:
        kept[key] = built
        while len(kept) > _MOST_KEPT:
            kept.popitem(last=False)
    return built


def _build(tool: Tool, sandbox: Sandbox) -> Built:
    if tool.language not in LANGUAGES or not tool.files:
        raise PlatformFault("tool", f"no tool can be built in {tool.language}")
    files = {name: text.encode() for name, text in tool.files}
    if tool.language not in _MANY_SOURCES:
        files[LANGUAGES[tool.language].source] = files.pop(tool.files[0][0])
    try:
        return without_starving(lambda: build(language=tool.language, files=files, sandbox=sandbox))
    except NotCompiled:
        raise PlatformFault("tool", "a tool of the task does not build") from None
