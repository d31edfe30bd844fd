"""C: the task declares the function's head, from which the call is written below the solution.

What a head may say: scalars (integers of all widths, ``bool``, ``char``, ``float``, ``double``),
``char *`` for a string, and ``T *name, size_t count`` (any integer type) for a list, strings
included. An answer that is a list is ``T *`` with a last parameter ``size_t *`` for its length;
a ``void`` function answers with its first list that is not ``const``, as it left it. Example:
``size_t unique(int *values, size_t count)`` takes one argument, a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchserver.core.errors import PlatformFault
from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.shims.wanted import Wanted, shim

_INTEGERS = frozenset(
    f"{prefix}{width}{suffix}"
    for width in ("8", "16", "32", "64")
    for prefix in ("int", "uint")
    for suffix in ("_t",)
) | {"size_t", "ptrdiff_t", "ssize_t", "intmax_t", "uintmax_t"}
_WORDS = {"signed", "unsigned", "short", "long", "int", "char"}
_OTHERS = {"bool", "_Bool", "float", "double"}
_HEAD = re.compile(r"\s*(.+?[\s*])(\w+)\s*\((.*)\)\s*;?\s*", re.DOTALL)
_PARAMETER = re.compile(r"\s*(.+?[\s*])(\w+)\s*(\[\s*\])?\s*", re.DOTALL)

_BEFORE = "\n#define main bench_shim_other_main\n"
_AFTER = "\n#undef main\n#undef int\n"
_MAIN = "int main(void) { bench_shim_serve(); }\n"


@dataclass(frozen=True, slots=True)
class _Type:
    """``name`` without stars and ``const``; ``stars``: depth of the pointer."""

    name: str
    stars: int
    constant: bool

    @property
    def is_text(self) -> bool:
        return self.name == "char" and self.stars == 1

    @property
    def is_integer(self) -> bool:
        words = set(self.name.split())
        return self.stars == 0 and (
            self.name in _INTEGERS or (words <= _WORDS and words != {"char"})
        )

    @property
    def item(self) -> str:
        """The type of a list's items, as C writes it."""
        return self.name + " *" * (self.stars - 1)


def compose(code: str, wanted: Wanted) -> dict[str, bytes]:
    """The files of the program. Raises ``PlatformFault`` when the task's head is not as above."""
    call = _call(wanted)
    text = shim("c/shim.h") + _BEFORE + code + _AFTER + call + _MAIN
    return {"main.c": code_bytes(text)}


def _call(wanted: Wanted) -> str:
    head = _HEAD.fullmatch(wanted.signature)
    if head is None or head[2] != wanted.entry_point:
        raise _fault("it needs CallCases.signature, the head of the entry point")
    result = _type(head[1])
    inside = "" if head[3].strip() == "void" else head[3]
    parameters = [_parameter(text) for text in inside.split(",") if text.strip()]
    length_out = parameters and result.stars and not result.is_text
    if length_out and not (parameters[-1].stars == 1 and not parameters[-1].constant):
        raise _fault("a list as answer needs a last parameter for its length")
    reads, passed, changed = _reads(parameters[:-1] if length_out else parameters)
    if len(reads) != wanted.arity:
        raise _fault("head and cases differ in their number of arguments")
    lines = [line for part in reads for line in part]
    if length_out:
        lines.append(f"{parameters[-1].name} length = 0;")
        passed.append("&length")
    body = _separated(lines) + _answer(result, wanted.entry_point, ", ".join(passed), changed)
    return (
        f"{wanted.signature.strip().rstrip(';')};\nstatic void bench_shim_call(void) {{\n{body}}}\n"
    )


def _separated(lines: list[str]) -> str:
    return "".join(f"  {line}\n" for line in ('bench_shim_expect("[");', *lines))


def _reads(parameters: list[_Type]) -> tuple[list[list[str]], list[str], tuple[str, str, str]]:
    """Lines that read each argument, what is passed, and the list that may be changed."""
    reads: list[list[str]] = []
    passed: list[str] = []
    changed = ("", "", "")
    waiting = list(parameters)
    while waiting:
        kind, number = waiting.pop(0), len(reads)
        lines = ['bench_shim_expect(",");'] if reads else []
        if kind.stars == 0 or kind.is_text:
            name = "char *" if kind.is_text else kind.name
            reads.append([*lines, f"{name} a{number} = BENCH_SHIM_GET({name});"])
            passed.append(f"a{number}")
            continue
        if not waiting or not waiting[0].is_integer:
            raise _fault("a list needs its length in the next parameter")
        length = waiting.pop(0)
        lines += [f"{kind.item} *a{number} = NULL;", f"size_t n{number};"]
        lines.append(f"BENCH_SHIM_GET_LIST({kind.item}, a{number}, n{number});")
        reads.append(lines)
        passed += [f"a{number}", f"({length.name})n{number}"]
        if not kind.constant and not changed[0]:
            changed = (kind.item, f"a{number}", f"n{number}")
    return reads, passed, changed


def _answer(result: _Type, name: str, passed: str, changed: tuple[str, str, str]) -> str:
    end = '  bench_shim_expect("]");\n'
    if result.name == "void" and not result.stars:
        if not changed[0]:
            return f'{end}  {name}({passed});\n  bench_shim_put("null");\n'
        return f"{end}  {name}({passed});\n  BENCH_SHIM_PUT_LIST({', '.join(changed)});\n"
    if not result.stars or result.is_text:
        kind = "const char *" if result.is_text else result.name
        return f"{end}  {kind} value = {name}({passed});\n  BENCH_SHIM_PUT({kind}, value);\n"
    kind = result.item
    return (
        f"{end}  {kind} *value = {name}({passed});\n  BENCH_SHIM_PUT_LIST({kind}, value, length);\n"
    )


def _parameter(text: str) -> _Type:
    found = _PARAMETER.fullmatch(text)
    if found is None:
        raise _fault("a parameter needs a type and a name")
    return _type(found[1] + ("*" if found[3] else ""))


def _type(text: str) -> _Type:
    words = text.replace("*", " ").split()
    plain = [word for word in words if word not in ("const", "restrict")]
    name = " ".join(plain)
    known = name in _INTEGERS | _OTHERS | {"void"} or (plain and set(plain) <= _WORDS)
    if not known or text.count("*") > 2:
        raise _fault("its head has a type that the shim for C does not know")
    return _Type(name=name, stars=text.count("*"), constant="const" in words)


def _fault(problem: str) -> PlatformFault:
    return PlatformFault("task_signature", f"a task in C: {problem}")
