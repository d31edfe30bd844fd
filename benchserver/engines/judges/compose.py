"""How a reply becomes files in a box: the solution as it is, and our own programs beside it.

The given code is a whole program; helpers that the statement carries come from the trusted prompt
on the examiner's side, never from the candidate. A completion (HumanEval style) continues the
prompt. Example: ``whole_program(task, completion="    return 1\\n")`` is prompt plus body.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from benchserver.core.task import TaskSpec

MAX_CODE = 2**20
_FOLDER = Path(__file__).parent


def whole_program(task: TaskSpec, *, completion: str) -> str:
    """The program that a completion of the task's prompt makes."""
    return task.prompt_code + completion


def code_bytes(code: str) -> bytes:
    """UTF-8 as written; a lone surrogate stays malformed, so that the *box's* compiler refuses."""
    return code.encode("utf-8", "surrogatepass")


@cache
def box_program(name: str) -> bytes:
    """One of our programs (``candidate``, ``examiner``) as a single file without imports of ours.

    The wire format's text goes in front; docstrings and comments go, since every box compiles it.
    """
    bodies = [_body(part) for part in ("wire", name)]
    return ast.unparse(
        ast.Module(body=[*_FUTURE, *bodies[0], *bodies[1]], type_ignores=[])
    ).encode()


_FUTURE = ast.parse("from __future__ import annotations").body


def _body(name: str) -> list[ast.stmt]:
    tree = ast.parse((_FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    return [statement for statement in tree.body if not _left_out(statement)]


def _left_out(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ImportFrom):
        module = statement.module or ""
        return module == "__future__" or module.startswith("benchserver.")
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
