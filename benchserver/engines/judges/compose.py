"""How a reply becomes files in a box: the solution as it is, and our own programs beside it.

The given code is a whole program; helpers that the statement carries come from the trusted prompt
on the examiner's side, never from the candidate. A completion (HumanEval style) continues the
prompt. Example: ``whole_program(task, completion="    return 1\\n")`` is prompt plus body.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from threading import Lock
from weakref import WeakKeyDictionary

from benchserver.core.errors import PlatformFault
from benchserver.core.task import TaskSpec
from benchserver.engines.sandbox.base import BoxRequest, Ending, OwnProgram, Sandbox

MAX_CODE = 2**20
_FOLDER = Path(__file__).parent
_NOT_SHIPPED = ("__future__", "typing", "collections.abc")


def whole_program(task: TaskSpec, *, completion: str) -> str:
    """The program that a completion of the task's prompt makes; stop tokens cut what runs on."""
    found = (completion.find(token) for token in task.stop_tokens)
    end = min((place for place in found if place >= 0), default=len(completion))
    return task.prompt_code + completion[:end] + task.closing


def code_bytes(code: str) -> bytes:
    """UTF-8 as written; a lone surrogate stays malformed, so that the *box's* compiler refuses."""
    return code.encode("utf-8", "surrogatepass")


def box_program(name: str, sandbox: Sandbox) -> OwnProgram:
    """One of our programs (``candidate``, ``examiner``) as one compiled file (``.pyc``).

    Both are compiled once per sandbox by the *box's* Python, whose bytecode may differ from ours;
    every box would otherwise spend longer compiling it than running it. Raises ``PlatformFault``.
    """
    with _COMPILING:
        if sandbox not in _COMPILED:
            _COMPILED[sandbox] = _compile(sandbox)
        return _COMPILED[sandbox][name]


@cache
def source_of(name: str) -> bytes:
    """The texts of wire format, frames and program, as one file without imports of ours."""
    body = [statement for part in ("wire", "frames", name) for statement in _body(part)]
    future = ast.parse("from __future__ import annotations").body
    return ast.unparse(ast.Module(body=[*future, *body], type_ignores=[])).encode()


_PROGRAMS = ("candidate", "examiner")
_COMPILED: WeakKeyDictionary[Sandbox, dict[str, OwnProgram]] = WeakKeyDictionary()
_COMPILING = Lock()
_LENGTH = 8  # hexadecimal digits in front of each compiled program
_COMPILER = b"""\
import marshal, sys
from importlib.util import MAGIC_NUMBER
for name in sys.argv[1:]:
    with open("/box/" + name + ".py", "rb") as file:
        code = compile(file.read(), "box.py", "exec", dont_inherit=True, optimize=2)
    made = MAGIC_NUMBER + bytes(12) + marshal.dumps(code)
    sys.stdout.buffer.write(b"%08x" % len(made) + made)
"""


def _compile(sandbox: Sandbox) -> dict[str, OwnProgram]:
    sources = {f"{name}.py": source_of(name) for name in _PROGRAMS}
    request = BoxRequest(
        argv=("python3", "-I", "-S", "/box/compiler.py", *_PROGRAMS),
        files={"compiler.py": _COMPILER, **sources},
    )
    result = sandbox.run(request)
    if result.ending is not Ending.EXITED or result.exit_code != 0:
        raise PlatformFault("box_program", f"{result.ending.value} {result.exit_code}")
    made, rest = {}, result.stdout
    for name in _PROGRAMS:
        end = _LENGTH + int(rest[:_LENGTH], 16)
        made[name], rest = OwnProgram(rest[_LENGTH:end]), rest[end:]
    return made


def _body(name: str) -> list[ast.stmt]:
    tree = ast.parse((_FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    return [statement for statement in tree.body if not _left_out(statement)]


def _left_out(statement: ast.stmt) -> bool:
    """Docstrings, our own imports, and what only type checkers need."""
    if isinstance(statement, ast.ImportFrom):
        module = statement.module or ""
        return module in _NOT_SHIPPED or module.startswith("benchserver.")
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
