"""JSON from a stranger: strict UTF-8, no NaN, no duplicate keys, bounded depth and memory.

Python's parser alone accepts ``NaN``, keeps the last of two equal keys, builds a hundred megabytes
of lists from four megabytes of ``[[],[],...`` and sixteen of text from four with one emoji. So the
bytes are read here, token by token, and counted before anything is built. Example:
``{"a": 1, "a": 2}`` raises ``NotStrict("duplicate_key")``; the text itself is in no exception.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 32
MAX_NODES = 20_000  # values and keys: an honest answer has a few dozen
MAX_TEXT_BYTES = 10 * 2**20  # of memory for all strings and for decoding the present one
MAX_NUMBER = 1_000  # digits

_TOKEN = re.compile(
    rb"[ \t\n\r]*+(?:"
    rb'(?P<text>")'  # its end is looked for apart
    rb"|(?P<number>-?[0-9][-+.0-9eE]*+)"
    rb"|(?P<mark>[\[\]{},:])"
    rb"|(?P<word>-?[A-Za-z]++))",
    re.DOTALL,
)
_BLANK = re.compile(rb"[ \t\n\r]*+")
_INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]*+)")
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")
_WORDS = {b"true": True, b"false": False, b"null": None}
_NOT_NUMBERS = (b"NaN", b"Infinity", b"-Infinity")
# Within a string, in steps of at most 64 KiB: other threads get their turn between two of them.
_RUN = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_STEP = 64 * 1024
# How many bytes Python takes per character: 4 beyond U+FFFF, 2 beyond U+00FF, else 1.
_FOUR_BYTES = re.compile(rb"[\xf0-\xf4]")
_TWO_BYTES = re.compile(rb"[\xc4-\xef]")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
# A streamed answer is a thousand small texts, so those that cannot be deep, large or odd go through
# the library's parser; whatever it does not like is read again by ours, which names the rule.
_SMALL = 64 * 1024
_ODD = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|[0-9]{1000}")


class NotStrict(ValueError):
    """Refused; ``code`` says which rule, the message never holds the text."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


def loads(raw: bytes | bytearray) -> Any:
    """The value of ``raw``. Raises ``NotStrict`` only."""
    if _is_simple(raw):
        read, value = _quick(raw)
        if read:
            return value
    reader = _Reader(raw)
    value = reader.value(0)
    reader.end()
    return value


def _is_simple(raw: bytes | bytearray) -> bool:
    """Whether it can break no bound of depth, values, digits or characters."""
    shallow = len(raw) <= _SMALL and raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH
    return shallow and raw.count(b",") < MAX_NODES // 2 and not _ODD.search(raw)


def _quick(raw: bytes | bytearray) -> tuple[bool, Any]:
    """(True, value), or False when a rule may be broken."""
    try:
        text = str(raw, "utf-8")
        return True, json.loads(
            text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refused
        )
    except ValueError:
        return False, None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrict("duplicate_key")
    return members


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotStrict("not_a_number")
    return value


def _refused(_name: str) -> Any:
    raise NotStrict("not_a_number")


class _Reader:
    """Reads one value from the front of ``raw``, counting depth, values and memory."""

    def __init__(self, raw: bytes | bytearray):
        self._raw = raw
        self._ascii = raw.isascii()
        self._at = 0
        self._nodes = 0
        self._kept = 0  # bytes

    def value(self, depth: int) -> Any:
        return self._value(self._token(), depth)

    def end(self) -> None:
        """Nothing but blanks may follow."""
        blank = _BLANK.match(self._raw, self._at)
        if blank is None or blank.end() != len(self._raw):
            raise NotStrict("bad_json")

    def _token(self) -> re.Match[bytes]:
        found = _TOKEN.match(self._raw, self._at)
        if found is None:
            raise NotStrict("bad_json")
        self._at = found.end()
        return found

    def _value(self, token: re.Match[bytes], depth: int) -> Any:
        self._count()
        if token.lastgroup == "text":
            return self._text(token.start("text"))
        if token.lastgroup == "number":
            return _number(token["number"])
        if token.lastgroup == "word":
            return _word(token["word"])
        if depth == MAX_DEPTH:
            raise NotStrict("too_complex")
        if token["mark"] == b"[":
            return self._array(depth + 1)
        if token["mark"] == b"{":
            return self._object(depth + 1)
        raise NotStrict("bad_json")

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise NotStrict("too_complex")

    def _array(self, depth: int) -> list[Any]:
        items: list[Any] = []
        token = self._token()
        if token["mark"] == b"]":
            return items
        while True:
            items.append(self._value(token, depth))
            if self._another(b"]"):
                token = self._token()
            else:
                return items

    def _object(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        token = self._token()
        if token["mark"] == b"}":
            return members
        while True:
            self._member(token, members, depth)
            if self._another(b"}"):
                token = self._token()
            else:
                return members

    def _member(self, token: re.Match[bytes], members: dict[str, Any], depth: int) -> None:
        if token.lastgroup != "text":
            raise NotStrict("bad_json")
        self._count()
        key = self._text(token.start("text"))
        if key in members:
            raise NotStrict("duplicate_key")
        if self._token()["mark"] != b":":
            raise NotStrict("bad_json")
        members[key] = self.value(depth)

    def _another(self, end: bytes) -> bool:
        mark = self._token()["mark"]
        if mark not in (b",", end):
            raise NotStrict("bad_json")
        return mark == b","

    def _text(self, start: int) -> str:
        """The string whose opening quote is at ``start``."""
        end = self._at = self._end_of_text(start + 1)
        codes = self._raw.find(b"\\u", start, end) >= 0
        size, width = end - start, self._width(start, end, codes)
        # Decoding begins narrow and is widened; undoing escapes needs a second copy.
        if self._kept + size * (width + (width > 1)) * 2 > MAX_TEXT_BYTES:
            raise NotStrict("too_complex")
        self._kept += size * width
        with memoryview(self._raw) as view:
            quoted = _decoded(view[start:end])
        if quoted is None:
            raise NotStrict("bad_encoding")
        text = _unescaped(quoted)
        if text is None:
            raise NotStrict("bad_json")
        if codes and _FORBIDDEN.search(text):  # raw ones are no UTF-8, or no JSON
            raise NotStrict("forbidden_character")
        return text

    def _end_of_text(self, at: int) -> int:
        """Behind the closing quote. Raises ``NotStrict`` when there is none."""
        raw, size = self._raw, len(self._raw)
        while True:
            found = _RUN.match(raw, at, min(at + _STEP, size))
            end = found.end() if found else at
            if end < size and raw[end] == 0x22:
                return end + 1
            if end >= size - 1:  # the end of it all, or a lone backslash there
                raise NotStrict("bad_json")
            at = end

    def _width(self, start: int, end: int, codes: bool) -> int:
        raw = self._raw
        wide = codes and (raw.find(b"\\ud", start, end) >= 0 or raw.find(b"\\uD", start, end) >= 0)
        if wide or (not self._ascii and _FOUR_BYTES.search(raw, start, end)):
            return 4
        return 2 if codes or (not self._ascii and _TWO_BYTES.search(raw, start, end)) else 1


# The errors of these two carry the whole text, and `from None` only hides it: an error collector
# still finds it in `__context__`. So they return None and the caller raises outside the handler.
def _decoded(view: memoryview) -> str | None:
    try:
        return str(view, "utf-8")
    except UnicodeDecodeError:
        return None


def _unescaped(quoted: str) -> str | None:
    try:
        text = json.loads(quoted)
    except ValueError:
        return None
    return text if isinstance(text, str) else None


def _number(text: bytes) -> int | float:
    if len(text) > MAX_NUMBER or not _NUMBER.fullmatch(text):
        raise NotStrict("bad_json")
    if _INTEGER.fullmatch(text):
        return int(text)
    return _finite(text.decode())


def _word(text: bytes) -> bool | None:
    if text in _NOT_NUMBERS:
        raise NotStrict("not_a_number")
    if text not in _WORDS:
        raise NotStrict("bad_json")
    return _WORDS[text]
