"""Small faults put into a reference solution, one at a time: do a task's tests notice them?

Decides which faults are tried. A mutant differs from the reference in one place: a comparison, an
operator, a constant, a condition, a returned value or a statement. Example: ``return a < b`` gives
``return a <= b``, ``return a >= b`` and ``return None``. What compiles to the same program is no
mutant, and neither is code that the task shows (``prompt_code``) or that only documents.

Which ones come first is drawn from the code itself, so that a second look tries the same.
Source: DeMillo, Lipton and Sayward 1978; operators after Offutt et al. 1996 (ABS left out).
"""

from __future__ import annotations

import ast
import hashlib
import random
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from types import CodeType
from typing import Any

# What a program means, apart from where its lines stand.
Meaning = tuple[Any, ...]
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_SHOWN_ONLY = frozenset({"decorator_list", "annotation", "returns", "type_params", "format_spec"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """``code``: the whole changed program. ``key``: names it for its author, the same at every
    look. ``line``: where, in the reference. ``change``: what, as a kind and never as code."""

    key: str
    code: str
    line: int
    change: str

    def __repr__(self) -> str:  # content never reaches a log through a repr
        return f"<Mutant {self.key}>"


@dataclass(frozen=True, slots=True)
class _Fault:
    """Put ``new`` where ``old`` stands: ``parent.field``, at ``index`` if that is a list."""

    parent: ast.AST
    field: str
    index: int | None
    old: ast.AST
    new: ast.AST
    change: str

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants(reference: str, *, prompt_code: str = "", most: int) -> list[Mutant]:
    """At most ``most`` different mutants of a Python program, in an order drawn from its text.

    A smaller ``most`` gives the beginning of the same list. A program that Python cannot parse
    has none.
    """
    try:
        tree = ast.parse(reference)
        known = {_meaning(ast.unparse(tree))}
    except (SyntaxError, ValueError, RecursionError):
        return []
    shown = _lines_shown(reference, prompt_code)
    faults = [f for f in _faults(tree) if getattr(f.old, "lineno", 0) > shown]
    random.Random(reference).shuffle(faults)
    found: list[Mutant] = []
    for fault in faults:
        if len(found) == most:
            break
        code = _changed(tree, fault)
        meaning = _meaning(code)
        if meaning is not None and meaning not in known:
            known.add(meaning)
            key = hashlib.sha256(code.encode()).hexdigest()[:8]
            line = getattr(fault.old, "lineno", 0)
            found.append(Mutant(key=key, code=code, line=line, change=fault.change))
    return found


def _changed(tree: ast.Module, fault: _Fault) -> str:
    """The program with one fault in it; the tree is left as it was."""
    fault.put(fault.new)
    try:
        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    finally:
        fault.put(fault.old)


def _lines_shown(reference: str, prompt_code: str) -> int:
    """How many lines at the top of the reference are the task's own, shown to every model."""
    return prompt_code.count("\n") if prompt_code and reference.startswith(prompt_code) else 0


def _faults(parent: ast.AST) -> Iterator[_Fault]:
    """Every fault that can be put below ``parent``, in reading order."""
    for field, value in ast.iter_fields(parent):
        if field in _SHOWN_ONLY:
            continue
        nodes = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, node in nodes:
            if isinstance(node, ast.AST) and not _documents(node):
                for change, new in _changes(node):
                    yield _Fault(parent, field, index, node, new, change)
                yield from _faults(node)


def _documents(node: ast.AST) -> bool:
    """A string that stands alone is a docstring or a comment."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare(ops=ops):
            for place, old in enumerate(ops):
                for new in _COMPARISONS[type(old)]:
                    yield "comparison", _with(node, ops=[*ops[:place], new(), *ops[place + 1 :]])
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _OPERATORS:
            yield "operator", _with(node, op=_OPERATORS[type(op)]())
        case ast.BoolOp(op=op):
            yield "connective", _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield "sign", operand
        case ast.If(test=test) | ast.IfExp(test=test):
            yield "condition", _with(node, test=ast.UnaryOp(op=ast.Not(), operand=test))
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            yield "function", _with(node, func=ast.Name(id=_NAMES[name], ctx=ast.Load()))
        case ast.Return(value=value) if value is not None:
            yield "returned value", _with(node, value=None)
        case ast.Expr(value=ast.Call()) | ast.Break() | ast.Continue() | ast.Raise():
            yield "statement", ast.copy_location(ast.Pass(), node)
        case ast.Constant(value=value) if (other := _other(value)) is not None:
            yield "constant", ast.copy_location(ast.Constant(other), node)


def _other(value: object) -> bool | float | str | None:
    """Another constant of the same type; None where there is no natural one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return "" if value else "x"
    return None


def _with(node: ast.AST, **fields: Any) -> ast.AST:
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _meaning(code: str) -> Meaning | None:
    """What the program does, comparable: the same for two that compile alike. None: it does not."""
    try:
        return _parts(compile(code, "mutant", "exec", dont_inherit=True, optimize=0))
    except (SyntaxError, ValueError, RecursionError, OverflowError):
        return None


def _parts(code: CodeType) -> Meaning:
    constants = tuple(
        _parts(each) if isinstance(each, CodeType) else (type(each), each)
        for each in code.co_consts
    )
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_code, constants, names, code.co_flags, code.co_exceptiontable)
