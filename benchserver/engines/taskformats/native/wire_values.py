"""Is this JSON a wire value? Plain JSON stands for itself, one tag says what JSON lacks.

Example: ``{"$tuple": [1, {"$set": ["a"]}]}`` is a tuple that holds a number and a set. A
one-key object whose key starts with ``$`` is a tag; an object that needs such a key is written
``{"$dict": [[key, value], ...]}``. The judges decode the same tags.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NoReturn

_LISTS = frozenset({"$tuple", "$set", "$frozenset"})
_FLOATS = frozenset({"nan", "inf", "-inf"})


def loads(text: str) -> Any:
    """Parse one line. Raises ``ValueError`` for what is no JSON, doubled keys and NaN included."""
    return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)


def problem_of(value: Any) -> str:
    """Why ``value`` is no wire value, in a few words; empty when it is one."""
    if isinstance(value, list):
        return _first(value)
    if not isinstance(value, dict):
        return ""
    tag = next(iter(value)) if len(value) == 1 else ""
    if tag.startswith("$"):
        return _tag_problem(tag, value[tag])
    if any(key.startswith("$") for key in value):
        return "an object key starts with $"
    return _first(list(value.values()))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _refuse(name: str) -> NoReturn:
    raise ValueError(f'{name} is not JSON, write {{"$float": ...}}')


def _first(values: list[Any]) -> str:
    return next((problem for value in values if (problem := problem_of(value))), "")


def _tag_problem(tag: str, inner: Any) -> str:
    if tag in _LISTS:
        return _first(inner) if isinstance(inner, list) else f"{tag} needs a list"
    if tag == "$dict":
        return _dict_problem(inner)
    if tag == "$bytes":
        return "" if _is_base64(inner) else "$bytes needs base64"
    if tag == "$float":
        known = isinstance(inner, str) and inner in _FLOATS
        return "" if known else "$float needs nan, inf or -inf"
    return f"unknown tag {tag[:20]}"


def _dict_problem(inner: Any) -> str:
    pairs = isinstance(inner, list) and all(isinstance(p, list) and len(p) == 2 for p in inner)
    return _first(inner) if pairs else "$dict needs a list of [key, value]"


def _is_base64(inner: Any) -> bool:
    try:
        return isinstance(inner, str) and base64.b64decode(inner, validate=True) is not None
    except (binascii.Error, ValueError):
        return False
