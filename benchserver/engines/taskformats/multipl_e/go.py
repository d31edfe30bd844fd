"""Go: ``{ actual: candidate([]int{1, 2}, "x"), expected: []interface{}{nil, 1} },``.

Inside a composite literal the inner types may be left out, so types are read, not skipped.
"""

from __future__ import annotations

import re
from typing import Any

from benchserver.engines.taskformats.multipl_e.literals import Case, Reader, asserts, dict_of

FRAME = re.compile(
    r"func Test\w+\(t \*testing\.T\) \{\s+candidate := (?P<name>\w+)\s+type test struct \{\s+"
    r"actual\s+interface\{\}\s+expected\s+interface\{\}\s+\}\s+tests := \[\]test\{\n"
    r"(?P<body>.*?)\n\s*\}\s+for i, tc := range tests \{.*\}\s*",
    re.DOTALL,
)
_SCALAR = re.compile(r"interface\s*\{\}|any\b|\*?[a-z]\w*")
_WORD = re.compile(r"[a-z]\w*")
_WORDS = {"true": True, "false": False, "nil": None}
_RAW = re.compile(r"`([^`]*)`")


def cases(body: str) -> list[Case]:
    return asserts(body, _assert)


def _assert(reader: Reader) -> Case:
    reader.expect("{", "actual", ":", "candidate", "(")
    args = reader.items(")", lambda: _value(reader))
    reader.expect(",", "expected", ":")
    expected = _value(reader)
    reader.expect("}", ",")
    return args, expected


def _value(reader: Reader) -> Any:
    text = reader.text()
    if text is not None:
        return text
    raw = reader.match(_RAW)
    if raw is not None:
        return raw[1]
    number = reader.number()
    if number is not None:
        return number
    composite, value = reader.attempt(lambda: _composite(reader))
    if composite:
        return value
    word = reader.match(_WORD)
    if word is None:
        raise reader.fail()
    if word[0] in _WORDS:
        return _WORDS[word[0]]
    reader.expect("(")  # a conversion: float64(1)
    value = _value(reader)
    reader.expect(")")
    return value


def _composite(reader: Reader) -> Any:
    kind = _type(reader)
    if kind[0] == "scalar":
        raise reader.fail()
    return _braced(reader, kind)


def _type(reader: Reader) -> tuple[Any, ...]:
    """("list", item), ("map", value) or ("scalar",)."""
    if reader.take("[]"):
        return ("list", _type(reader))
    if reader.take("map["):
        _type(reader)
        reader.expect("]")
        return ("map", _type(reader))
    if reader.match(_SCALAR) is None:
        raise reader.fail()
    return ("scalar",)


def _braced(reader: Reader, kind: tuple[Any, ...]) -> Any:
    reader.expect("{")
    if kind[0] == "list":
        return reader.items("}", lambda: _inner(reader, kind[1]))
    return dict_of(reader.items("}", lambda: _entry(reader, kind[1])))


def _inner(reader: Reader, kind: tuple[Any, ...]) -> Any:
    if kind[0] != "scalar":
        elided, value = reader.attempt(lambda: _braced(reader, kind))
        if elided:
            return value
    return _value(reader)


def _entry(reader: Reader, kind: tuple[Any, ...]) -> list[Any]:
    key = _value(reader)
    reader.expect(":")
    return [key, _inner(reader, kind)]
