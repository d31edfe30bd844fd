"""Read literals one by one, strictly: what is not exactly a literal is ``Unreadable``.

No compiler and no ``eval``: a test that computes anything is refused rather than guessed. Values
come out as wire values (``engines/judges/wire.py``). Example: ``Reader('[1, "a"]')`` under the
rules of ``javascript.py`` gives ``[1, "a"]``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

_BLANKS = re.compile(r"\s*")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_ESCAPE = re.compile(
    r"u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-7][0-9a-fA-F])|(.)", re.DOTALL
)
_PAIR = re.compile(r"u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}
_ESCAPED |= {mark: mark for mark in "\\\"'"}
_LONGEST = 100

Case = tuple[list[Any], Any]


class Unreadable(Exception):
    """The text is no literal that this reader knows. ``place``: how many characters were read."""

    def __init__(self, place: int) -> None:
        self.place = place
        super().__init__(f"unreadable after {place} characters")


class Reader:
    """A text and how far it was read. Every method raises ``Unreadable``."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0
        self._depth = 0

    def fail(self) -> Unreadable:
        return Unreadable(self.at)

    @property
    def ended(self) -> bool:
        self._skip()
        return self.at == len(self._text)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The pattern here, after blanks; nothing is read when it does not fit."""
        self._skip()
        found = pattern.match(self._text, self.at)
        if found:
            self.at = found.end()
        return found

    def take(self, text: str) -> bool:
        self._skip()
        if not self._text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def expect(self, *texts: str) -> None:
        for text in texts:
            if not self.take(text):
                raise self.fail()

    def attempt(self, read: Callable[[], Any]) -> tuple[bool, Any]:
        """What ``read`` returns, or that it cannot read here and nothing was read."""
        start, depth = self.at, self._depth
        try:
            return True, read()
        except Unreadable:
            self.at, self._depth = start, depth
            return False, None

    def items(self, close: str, read: Callable[[], Any]) -> list[Any]:
        """Values between commas up to ``close``; a comma may follow the last."""
        self._depth += 1
        if self._depth > _LONGEST:
            raise self.fail()
        made: list[Any] = []
        while not self.take(close):
            if made:
                self.expect(",")
                if self.take(close):
                    break
            made.append(read())
        self._depth -= 1
        return made

    def number(self) -> int | float | None:
        found = self.match(_NUMBER)
        if found is None:
            return None
        text = found[0]
        return int(text) if text.lstrip("-").isdecimal() else float(text)

    def text(self, quote: str = '"') -> str | None:
        """A quoted string with the escapes that the languages share; None when none is here."""
        if not self.take(quote):
            return None
        made: list[str] = []
        while True:
            end = self._text.find(quote, self.at)
            slash = self._text.find("\\", self.at, end if end >= 0 else None)
            if end < 0 or "\n" in self._text[self.at : end]:
                raise self.fail()
            if slash < 0:
                made.append(self._text[self.at : end])
                self.at = end + 1
                return "".join(made)
            made.append(self._text[self.at : slash])
            self.at = slash + 1
            made.append(self._escaped())

    def _escaped(self) -> str:
        pair = _PAIR.match(self._text, self.at)
        if pair is not None:
            self.at = pair.end()
            return bytes.fromhex(pair[1] + pair[2]).decode("utf-16-be")
        found = _ESCAPE.match(self._text, self.at)
        if found is None:
            raise self.fail()
        self.at = found.end()
        code = found[1] or found[2] or found[3]
        if not code:
            if found[4] not in _ESCAPED:
                raise self.fail()
            return _ESCAPED[found[4]]
        number = int(code, 16)
        if 0xD800 <= number < 0xE000 or number > 0x10FFFF:
            raise self.fail()
        return chr(number)

    def _skip(self) -> None:
        found = _BLANKS.match(self._text, self.at)
        self.at = found.end() if found else self.at


def single(value: float) -> float:
    """The nearest number of 32 bits, as a literal of type ``float`` has in C++ and Java."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def tuple_of(values: list[Any]) -> dict[str, Any]:
    return {"$tuple": values}


def dict_of(pairs: list[Any]) -> dict[str, Any]:
    return {"$dict": pairs}


def asserts(body: str, read: Callable[[Reader], Case]) -> list[Case]:
    """Every assertion of ``body``; there must be one, and nothing else."""
    reader = Reader(body)
    found: list[Case] = []
    while not reader.ended:
        found.append(read(reader))
    if not found:
        raise reader.fail()
    return found
