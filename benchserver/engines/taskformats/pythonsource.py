"""What a piece of Python source says without running it.

Task sources are not trusted, so formats only parse them. Example: the reference of an MBPP task
defines ``min_cost`` at top level and its asserts call ``min_cost`` and ``set``; the first is the
function under test, the second is not the task's affair.
"""

from __future__ import annotations

import ast
import warnings


def parsed(code: str) -> ast.Module | None:
    """The syntax tree, or None when the code is no Python (null bytes, depth included)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "invalid escape sequence" is the author's affair
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def defined_names(code: str) -> frozenset[str]:
    """Names of functions, classes and variables that the code makes at top level."""
    tree = parsed(code)
    return frozenset(name for node in tree.body for name in _made_by(node)) if tree else frozenset()


def called_names(code: str) -> tuple[str, ...]:
    """Plain names the code calls, each once, in the order they stand in the text."""
    tree = parsed(code)
    calls = [
        (node.func.lineno, node.func.col_offset, node.func.id)
        for node in (ast.walk(tree) if tree else ())
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    return tuple(dict.fromkeys(name for _, _, name in sorted(calls)))


def _made_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]
