"""C++: ``assert(candidate((std::vector<long>({(long)1}))) == (std::make_tuple("x", true)));``.

Casts and types are read over, for the value crosses in the type of the solution's function; a
``float`` is the nearest number of 32 bits.
"""

from __future__ import annotations

import re
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
    r"\}\s*int main\(\) \{\s+auto candidate = (?P<name>\w+);\n(?P<body>.*)\}\s*", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)*(?:\s+(?:long|int|double))?")
_SUFFIX = re.compile(r"[fF]|[uU]?[lL]{0,2}\b")
_LISTS = ("std::vector", "std::list", "std::deque", "std::array")
_SETS = ("std::set", "std::unordered_set")
_MAPS = ("std::map", "std::unordered_map")


def cases(body: str) -> list[Case]:
    return asserts(body, _assert)


def _assert(reader: Reader) -> Case:
    reader.expect("assert", "(", "candidate", "(")
    args = reader.items(")", lambda: _value(reader))
    reader.expect("==")
    expected = _value(reader)
    reader.expect(")", ";")
    return args, expected


def _value(reader: Reader) -> Any:
    if reader.take("("):
        cast, value = reader.attempt(lambda: _cast(reader))
        if not cast:
            value = _value(reader)
            reader.expect(")")
        return value
    text = reader.text()
    if text is not None:
        return text
    number = reader.number()
    if number is not None:
        suffix = reader.match(_SUFFIX)
        return single(number) if suffix and suffix[0] in ("f", "F") else number
    return _named(reader)


def _cast(reader: Reader) -> Any:
    _type(reader)
    reader.expect(")")
    return _value(reader)


def _type(reader: Reader) -> str:
    """A type's name; its arguments in ``<>`` are read over."""
    found = reader.match(_NAME)
    if found is None:
        raise reader.fail()
    if reader.take("<"):
        _type(reader)
        while reader.take(","):
            _type(reader)
        reader.expect(">")
    return re.sub(r"\s", "", found[0])


def _named(reader: Reader) -> Any:
    name = _type(reader)
    if name in ("true", "false"):
        return name == "true"
    if name == "std::nullopt":
        return None
    reader.expect("(")
    if name in ("std::make_tuple", "std::make_pair"):
        return tuple_of(reader.items(")", lambda: _value(reader)))
    if name in ("std::optional", "std::any", "std::string"):
        value = _value(reader)
        reader.expect(")")
        return value
    items = _braced(reader, pairs=name in _MAPS)
    if name in _LISTS:
        return items
    if name in _SETS:
        return {"$set": items}
    if name in _MAPS:
        return dict_of(items)
    raise reader.fail()


def _braced(reader: Reader, *, pairs: bool) -> list[Any]:
    if reader.take(")"):
        return []
    reader.expect("{")
    made = reader.items("}", lambda: _pair(reader) if pairs else _value(reader))
    reader.expect(")")
    return made


def _pair(reader: Reader) -> list[Any]:
    reader.expect("{")
    both = reader.items("}", lambda: _value(reader))
    if len(both) != 2:
        raise reader.fail()
    return both
