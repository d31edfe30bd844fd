"""Java: ``assert(f((5l)).equals((new ArrayList<Long>(Arrays.asList((long)2l)))));``.

Casts and types are read over; an ``Optional`` is its value or null, so that the field's
``Optional.of(Optional.empty())`` and ``Optional.of(Pair.with(1l, 2l))``, which no typed answer
could equal, mean what they are meant to.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from benchserver.engines.taskformats.multipl_e.literals import (
    Case,
    Reader,
    asserts,
    dict_of,
    single,
    tuple_of,
)

FRAME = re.compile(
    r"\s*\}\s*public static void main\(String\[\] args\) \{\n(?P<body>.*)\}\s*\}\s*", re.DOTALL
)
NAME = re.compile(r"\s*assert\((?P<name>\w+)\(")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_SUFFIX = re.compile(r"[fFdDlL]")
_TUPLES = ("Unit", "Pair", "Triplet", "Quartet", "Quintet", "Sextet")


def cases(body: str) -> list[Case]:
    found = NAME.match(body)
    return asserts(body, partial(_assert, found["name"] if found else ""))


def _assert(name: str, reader: Reader) -> Case:
    reader.expect("assert", "(", name, "(")
    args = reader.items(")", lambda: _value(reader))
    if reader.take("=="):
        expected = _value(reader)
    else:
        reader.expect(".", "equals", "(")
        expected = _value(reader)
        reader.expect(")")
    reader.expect(")", ";")
    return args, expected


def _value(reader: Reader) -> Any:
    if reader.take("("):
        cast, value = reader.attempt(lambda: _cast(reader))
        if not cast:
            value = _value(reader)
            reader.expect(")")
        return value
    for quote in "\"'":
        text = reader.text(quote)
        if text is not None:
            return text
    number = reader.number()
    if number is not None:
        suffix = reader.match(_SUFFIX)
        return single(number) if suffix and suffix[0] in "fF" else number
    return _named(reader)


def _cast(reader: Reader) -> Any:
    _type(reader)
    reader.expect(")")
    return _value(reader)


def _type(reader: Reader) -> str:
    found = reader.match(_NAME)
    if found is None:
        raise reader.fail()
    if reader.take("<") and not reader.take(">"):
        _type(reader)
        while reader.take(","):
            _type(reader)
        reader.expect(">")
    while reader.take("[]"):
        pass
    return found[0]


def _named(reader: Reader) -> Any:
    name = _type(reader)
    if name in ("true", "false"):
        return name == "true"
    if name == "null":
        return None
    if name == "new":
        return _new(reader)
    reader.expect("(")
    values = reader.items(")", lambda: _value(reader))
    if name == "Optional.empty" and not values:
        return None
    if name in ("Optional.of", "Optional.ofNullable") and len(values) == 1:
        return values[0]
    if name in ("Arrays.asList", "List.of"):
        return values
    if name == "Map.of" and len(values) % 2 == 0:
        return dict_of([[key, value] for key, value in zip(values[::2], values[1::2], strict=True)])
    if name.removesuffix(".with") in _TUPLES and name.endswith(".with"):
        return tuple_of(values)
    raise reader.fail()


def _new(reader: Reader) -> Any:
    name = _type(reader)
    if reader.take("{"):  # new long[]{1l}
        return reader.items("}", lambda: _value(reader))
    reader.expect("(")
    inner = reader.items(")", lambda: _value(reader))
    if name in ("ArrayList", "LinkedList"):
        return inner[0] if inner else []
    if name in ("HashMap", "TreeMap", "LinkedHashMap"):
        return inner[0] if inner else dict_of([])
    if name in ("HashSet", "TreeSet", "LinkedHashSet"):
        return {"$set": inner[0] if inner else []}
    raise reader.fail()
