"""Which bytes are a request body? One strict JSON object of at most 64 KiB.

JSON libraries disagree about doubled keys, NaN and lone surrogates (RFC 8259, sections 4, 6, 8.2),
so what two readers could read differently is refused. Example: ``{"track": "a", "track": "b"}``
answers 400 and names ``track``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from benchserver.portal.problems import TooLarge

MAX_BODY = 64 * 1024


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise ParseError(f"the key {name[:80]!r} comes twice")
        result[name] = value
    return result


def _no_constant(text: str) -> Any:
    raise ParseError(f"{text} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ParseError("a number is out of range")
    return value


def parse(raw: bytes) -> dict[str, Any]:
    """Raises ``ParseError`` that names the fault and never repeats the body."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_no_doubles, parse_constant=_no_constant, parse_float=_finite
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # lone surrogates fail here
    except UnicodeError:
        raise ParseError("the body is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ParseError(f"the body is not JSON (line {error.lineno})") from None
    except (ValueError, RecursionError):
        raise ParseError("the body is not JSON this API reads") from None
    if not isinstance(value, dict):
        raise ParseError("the body is not a JSON object")
    return value


def refuse_large(length: int) -> None:
    """Raises ``TooLarge`` (413) above the cap."""
    if length > MAX_BODY:
        raise TooLarge(f"a body may have {MAX_BODY} bytes at most")


class StrictJSON(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        raw = stream.read(MAX_BODY + 1)
        refuse_large(len(raw))
        return parse(raw)
