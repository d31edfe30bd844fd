"""JSON from a stranger: strict UTF-8, no NaN, no duplicate keys, bounded depth and size.

Python's parser alone accepts ``NaN``, keeps the last of two equal keys and builds a hundred
megabytes of lists from four megabytes of ``[[],[],...``. Example: ``{"a": 1, "a": 2}`` raises
``NotStrict("duplicate_key")``; the text itself is in no message.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 32
MAX_NODES = 100_000  # commas and brackets: an honest answer has a few dozen

_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


class NotStrict(ValueError):
    """Refused; ``code`` says which rule, the message never holds the text."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


def loads(raw: bytes) -> Any:
    """The value of ``raw``. Raises ``NotStrict`` only."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrict("bad_encoding") from None
    _check_size(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except NotStrict:
        raise
    except (ValueError, RecursionError):
        raise NotStrict("bad_json") from None
    _check_value(value)
    return value


def _check_size(text: str) -> None:
    """Depth and number of values before anything is built: one linear scan."""
    depth = nodes = 0
    for match in _TOKENS.finditer(text):
        mark = match[0][0]
        if mark == '"':
            continue
        nodes += 1
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise NotStrict("too_complex")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise NotStrict("duplicate_key")
    for key, value in pairs:
        _check_text(key)
        _check_value(value)
    return result


def _check_value(value: Any) -> None:
    """Objects have checked their own values while they were built."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list):
        for item in value:
            _check_value(item)


def _check_text(text: str) -> None:
    if _FORBIDDEN.search(text):
        raise NotStrict("forbidden_character")


def _refuse_constant(_name: str) -> Any:
    raise NotStrict("not_a_number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotStrict("not_a_number")
    return value
