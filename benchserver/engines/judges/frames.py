"""Frames on a pipe: 8 hexadecimal digits of length, then one JSON value.

Runs where ``wire.py`` runs, so it uses the C parts of ``json`` alone. Reading is strict: a wrong
length, a second value, NaN or anything that is not UTF-8 is a ``WireError``. Example:
``frame([1]) == b"00000003[1]"``.
"""

from __future__ import annotations

from _json import encode_basestring_ascii, make_encoder, make_scanner
from posix import read, write
from typing import Any

from benchserver.engines.judges.wire import WireError

MAX_FRAME = 16 * 2**20


def frame(message: Any) -> bytes:
    """8 hexadecimal digits of length, then JSON. Raises ``WireError`` when it is too large."""
    text = "".join(_write_json(message, 0)).encode()
    if len(text) > MAX_FRAME:
        raise WireError("frame too large")
    return b"%08x" % len(text) + text


def unframe(data: bytes) -> Any:
    """The message of exactly one frame. Raises ``WireError``."""
    if _length(data[:8], MAX_FRAME) != len(data) - 8:
        raise WireError("not exactly one frame")
    return _parse(data[8:])


def send(descriptor: int, message: Any) -> None:
    """Write one frame. Raises ``OSError``, ``WireError``."""
    data = memoryview(frame(message))
    while data:
        data = data[write(descriptor, data) :]


def receive(descriptor: int, limit: int = MAX_FRAME) -> Any:
    """Read one frame. Raises ``EOFError`` when the other side is gone, ``WireError`` on garbage."""
    return _parse(_read_exactly(descriptor, _length(_read_exactly(descriptor, 8), limit)))


def _length(head: bytes, limit: int) -> int:
    if len(head) != 8 or head.strip(b"0123456789abcdef"):
        raise WireError("not a frame")
    length = int(head, 16)
    if not 0 < length <= limit:
        raise WireError("frame too large")
    return length


def _parse(data: bytes) -> Any:
    try:
        text = data.decode()
        message, end = _read_json(text, 0)
    except (ValueError, RecursionError, StopIteration):
        raise WireError("not JSON") from None
    if end != len(text):
        raise WireError("more than one value")
    return message


class _Rules:
    """What ``json.JSONDecoder`` would be told: strict strings, no NaN or Infinity."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}

    @staticmethod
    def parse_constant(name: str) -> Any:
        raise ValueError(name)


def _refuse(value: Any) -> Any:
    raise WireError("not JSON data: " + type(value).__name__)


_RULES: Any = _Rules()
_read_json = make_scanner(_RULES)
_write_json = make_encoder(
    None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, False
)


def _read_exactly(descriptor: int, count: int) -> bytes:
    parts = []
    while count:
        part = read(descriptor, min(count, 2**20))
        if not part:
            raise EOFError("the other side is gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
