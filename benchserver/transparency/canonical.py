"""One value, one spelling: JSON whose bytes can be hashed (RFC 8785, and no floats).

Example: ``{"b": 1, "a": "é"}`` is always ``{"a":"é","b":1}``: keys sorted by UTF-16 code units, no
spaces, UTF-8. Floats are refused, because two languages print them differently and money and
scores need none; whole numbers stay within 2^53 - 1, which every JSON reader holds exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from benchserver.core.errors import BadInput

MAX_INTEGER = 2**53 - 1


def canonical(value: Any) -> bytes:
    """The canonical bytes of null, booleans, integers, strings, lists/tuples and mappings.

    Raises ``BadInput`` (which never shows the value) on floats, larger integers, lone surrogates,
    keys that are not strings, or any other type.
    """
    try:
        return _text(value).encode("utf-8")
    except UnicodeEncodeError:
        raise BadInput("a string holds a lone surrogate", place="canonical JSON") from None
    except RecursionError:
        raise BadInput("the value is nested too deeply", place="canonical JSON") from None


def parse(data: bytes) -> Any:
    """Read JSON strictly: valid UTF-8, no duplicate keys, no floats, only values ``canonical``
    can write. Any spelling is accepted. Raises ``BadInput``.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (ValueError, RecursionError):  # also UnicodeDecodeError and JSONDecodeError
        raise BadInput("this is no strict JSON", place="canonical JSON") from None
    canonical(value)
    return value


def parse_canonical(data: bytes) -> Any:
    """The same, and the bytes must be the canonical ones. Raises ``BadInput``."""
    value = parse(data)
    if canonical(value) != data:
        raise BadInput("the JSON is not in its canonical form", place="canonical JSON")
    return value


def _text(value: Any) -> str:
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise BadInput("an integer is beyond 2^53 - 1", place="canonical JSON")
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, Mapping):
        keys = sorted(map(_key, value), key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in keys) + "}"
    kind = type(value).__name__
    raise BadInput(f"a {kind} has no canonical form", place="canonical JSON")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise BadInput("a key is not a string", place="canonical JSON")
    return key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("an object names a key twice", place="canonical JSON")
    return found


def _no_float(_: str) -> NoReturn:
    raise BadInput("a number is not a whole one", place="canonical JSON")
