"""Rust: ``assert_eq!(candidate(vec![1, 2], String::from("x")), (None, Some(1)));``."""

from __future__ import annotations

import re
from typing import Any

from benchserver.engines.taskformats.multipl_e.literals import (
    Case,
    Reader,
    asserts,
    dict_of,
    tuple_of,
)

FRAME = re.compile(
    r"\}\s*fn main\(\) \{\s+let candidate = (?P<name>\w+);\n(?P<body>.*)\}\s*", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*!?")
_SUFFIX = re.compile(r"_?(?:[iu](?:8|16|32|64|128|size)|f32|f64)\b")
_OWNED = re.compile(r"\.\s*(?:to_string|to_owned|into)\(\)")


def cases(body: str) -> list[Case]:
    return asserts(body, _assert)


def _assert(reader: Reader) -> Case:
    reader.expect("assert_eq!", "(", "candidate", "(")
    args = reader.items(")", lambda: _value(reader))
    reader.expect(",")
    expected = _value(reader)
    reader.expect(")", ";")
    return args, expected


def _value(reader: Reader) -> Any:
    reader.take("&")
    text = reader.text()
    if text is not None:
        reader.match(_OWNED)
        return text
    if reader.take("["):
        return reader.items("]", lambda: _value(reader))
    if reader.take("("):
        return _parenthesised(reader)
    number = reader.number()
    if number is not None:
        reader.match(_SUFFIX)
        return number
    return _named(reader)


def _parenthesised(reader: Reader) -> Any:
    if reader.take(")"):
        return None
    first = _value(reader)
    if reader.take(")"):
        return first
    reader.expect(",")
    return tuple_of([first, *reader.items(")", lambda: _value(reader))])


def _named(reader: Reader) -> Any:
    found = reader.match(_NAME)
    name = found[0] if found else ""
    if name in ("true", "false"):
        return name == "true"
    if name == "None":
        return None
    if reader.take("::<"):
        _arguments(reader)
        rest = reader.match(_NAME) if reader.take("::") else None
        name = f"{name}::{rest[0]}" if rest else name
    return _called(reader, name)


def _arguments(reader: Reader) -> None:
    """Type arguments up to their ``>``."""
    while not reader.take(">"):
        if reader.match(_NAME) is None and not any(reader.take(mark) for mark in ",()&"):
            raise reader.fail()
        if reader.take("<"):
            _arguments(reader)


def _called(reader: Reader, name: str) -> Any:
    if name == "vec!":
        reader.expect("[")
        return reader.items("]", lambda: _value(reader))
    reader.expect("(")
    values = reader.items(")", lambda: _value(reader))
    if name in ("Vec::new", "HashMap::new", "BTreeMap::new", "String::new") and not values:
        return {"V": [], "S": ""}.get(name[0], dict_of([]))
    if len(values) != 1:
        raise reader.fail()
    if name in ("Some", "String::from"):
        return values[0]
    if name in ("HashMap::from", "BTreeMap::from"):
        return dict_of([_pair(reader, value) for value in values[0]])
    if name in ("HashSet::from", "BTreeSet::from"):
        return {"$set": values[0]}
    raise reader.fail()


def _pair(reader: Reader, value: Any) -> list[Any]:
    both = value.get("$tuple") if isinstance(value, dict) else None
    if not isinstance(both, list) or len(both) != 2:
        raise reader.fail()
    return both
