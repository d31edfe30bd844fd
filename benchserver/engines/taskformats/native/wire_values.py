"""Is this JSON a wire value? Plain JSON stands for itself, one tag says what JSON lacks.

Example: ``{"$tuple": [1, {"$set": ["a"]}]}`` is a tuple that holds a number and a set. A
one-key object whose key starts with ``$`` is a tag; an object that needs such a key is written
``{"$dict": [[key, value], ...]}``. The judges decode the same tags. A JSON float is read as
``{"$float": "0.1"}``, digits untouched, because a task's payload holds no floats.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

MAX_DEPTH = 60  # the judges refuse at 100 levels of their own counting


def loads(text: str) -> Any:
    """Parse one line. Raises ``ValueError`` for what is no JSON, doubled keys and NaN included."""
    return json.loads(
        text,
        object_pairs_hook=_object,
        parse_constant=_refuse,
        parse_float=lambda digits: {"$float": digits},
    )


def problem_of(value: Any, depth: int = 0) -> str:
    """Why ``value`` is no wire value, in a few words; empty when it is one."""
    if depth > MAX_DEPTH:
        return "nested too deep"
    if isinstance(value, list):
        return _first(value, depth)
    if not isinstance(value, dict):
        return "a float lacks its tag" if isinstance(value, float) else ""
    tag = next(iter(value)) if len(value) == 1 else ""
    if tag.startswith("$"):
        return _tag_problem(tag, value[tag], depth)
    if any(key.startswith("$") for key in value):
        return "an object key starts with $"
    return _first(list(value.values()), depth)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _refuse(name: str) -> NoReturn:
    raise ValueError(f'{name} is not JSON, write {{"$float": ...}}')


def _first(values: list[Any], depth: int) -> str:
    return next((found for value in values if (found := problem_of(value, depth + 1))), "")


def _tag_problem(tag: str, inner: Any, depth: int) -> str:
    if tag in ("$tuple", "$set", "$frozenset", "$deque"):
        return _first(inner, depth) if isinstance(inner, list) else f"{tag} needs a list"
    if tag in ("$dict", "$ordered", "$counter"):
        return _pairs_problem(tag, inner, depth)
    if tag in _SCALARS:
        known, needs = _SCALARS[tag]
        return "" if known(inner) else f"{tag} needs {needs}"
    return f"unknown tag {tag[:20]}"


def _pairs_problem(tag: str, inner: Any, depth: int) -> str:
    pairs = isinstance(inner, list) and all(isinstance(p, list) and len(p) == 2 for p in inner)
    return _first(inner, depth) if pairs else f"{tag} needs a list of [key, value]"


def _is_base64(inner: Any) -> bool:
    try:
        return isinstance(inner, str) and base64.b64decode(inner, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


def _is_float(inner: Any) -> bool:
    pattern = r"nan|-?inf|-?\d+(\.\d+)?([eE][-+]?\d+)?"
    return isinstance(inner, str) and re.fullmatch(pattern, inner, re.ASCII) is not None


def _is_hexadecimal(inner: Any) -> bool:
    return isinstance(inner, str) and re.fullmatch(r"-?0x[0-9a-f]+", inner) is not None


def _is_range(inner: Any) -> bool:
    return isinstance(inner, list) and len(inner) == 3 and all(type(n) is int for n in inner)


_SCALARS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "$bytes": (_is_base64, "base64"),
    "$bytearray": (_is_base64, "base64"),
    "$float": (_is_float, "nan, inf, -inf or a decimal number as a string"),
    "$int": (_is_hexadecimal, "a hexadecimal number such as 0xff"),
    "$range": (_is_range, "three whole numbers"),
}
