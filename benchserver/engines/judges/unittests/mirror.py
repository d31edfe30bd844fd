"""Mirrors: the task's tests with what they expect changed, so that a right solution fails them.

Whoever forges a pass - patched assertions, values read from the test's own frame or source - passes
the mirror as well as the test, because the box does not say which of the two it holds; only who
knows the right answer can tell them apart. Example: ``expect(f(2)).toBe(4)`` becomes ``toBe(7)``.

This decides where a test expects something by looking at its text; whether a changed test means
anything is found out with the reference (``survey.py``), and it is changed only at its expected
side, so that every right solution fails it, not the reference alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from benchserver.engines.judges.unittests.dialects import DIALECTS, Dialect, Swap
from benchserver.engines.judges.unittests.tokens import Token, blanked, closing, tokens_of

_RANDOM = random.SystemRandom()
_NUMBER = re.compile(r"(\d[\d_]*)(\.\d+)?(.*)", re.S)
_WORDS = {"true": "false", "false": "true", "True": "False", "False": "True"}


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    text: str


def mirrored(tests: Mapping[str, str], *, language: str) -> dict[str, str]:
    """``tests`` with one changed expectation in every test that has one; empty when none has."""
    dialect = DIALECTS.get(language)
    if dialect is None:
        return {}
    changed = {
        path: _mirror(text, dialect) for path, text in tests.items() if dialect.is_test(path)
    }
    return {**tests, **changed} if any(changed[path] != tests[path] for path in changed) else {}


def _mirror(text: str, dialect: Dialect) -> str:
    tokens = tokens_of(text, dialect.language)
    bare = blanked(text, tokens)
    literals = [token for token in tokens if token.kind != "comment"]
    places = sorted({place for place in _places(bare, dialect)})
    expected = [t for t in literals if any(a <= t.start and t.end <= b for a, b in places)]
    changes = []
    for start, end in _regions(bare, dialect):
        inside = [token for token in expected if start <= token.start < end]
        change = _changed_literal(text, inside, expected) or _swapped(
            text, bare, (start, end), dialect
        )
        changes += [change] if change else []
    return _applied(text, changes)


def _regions(bare: str, dialect: Dialect) -> Iterator[tuple[int, int]]:
    """From the start of each test (or table of tests) to that of the next."""
    starts = [match.start() for match in dialect.starts.finditer(bare)]
    yield from pairwise([*starts, len(bare)])


def _places(bare: str, dialect: Dialect) -> Iterator[tuple[int, int]]:
    """Where expected values stand."""
    for place in dialect.places:
        for match in place.opens.finditer(bare):
            end = closing(bare, match.end(), stops=place.stops)
            start = match.end()
            if place.last_argument:
                start = _last_argument(bare, start, end)
            yield start, end


def _last_argument(bare: str, start: int, end: int) -> int:
    """Where the last of several top-level arguments begins; ``end`` when there is only one."""
    found, at = end, start
    while True:
        comma = closing(bare, at, stops=",")
        if comma >= end or bare[comma] != ",":
            return found
        if bare[comma + 1 : end].strip():
            found = comma + 1
        at = comma + 1


def _changed_literal(text: str, inside: list[Token], all_of_them: list[Token]) -> _Change | None:
    for token in _RANDOM.sample(inside, len(inside)):
        old = text[token.start : token.end]
        pool = {text[t.start : t.end] for t in all_of_them if t.kind == token.kind}
        new = _other(old, token.kind, pool)
        if new and new != old:
            return _Change(token.start, token.end, new)
    return None


def _other(old: str, kind: str, pool: set[str]) -> str:
    """Another literal of the same kind, from the same tests if they have one."""
    if kind == "word":
        return _WORDS[old]
    if kind == "number":
        return _other_number(old, pool)
    alike = [one for one in pool if one != old and one[0] == old[0] and len(one) > 2]
    return _RANDOM.choice(sorted(alike)) if alike else _altered(old)


def _other_number(old: str, pool: set[str]) -> str:
    match = _NUMBER.fullmatch(old)
    if match is None or old.startswith(("0x", "0b", "0o")):
        return ""
    whole, fraction, suffix = match[1], match[2] or "", match[3]
    if fraction or "e" in suffix.lower():
        return f"{int(whole) + _RANDOM.randint(2, 9)}{fraction}{suffix}"
    alike = [one for one in pool if re.fullmatch(r"[1-9]\d*|0", one) and int(one) != int(whole)]
    if alike and not suffix:
        return _RANDOM.choice(sorted(alike))
    return f"{int(whole) + _RANDOM.randint(1, 3)}{suffix}"


def _altered(old: str) -> str:
    """One letter of a string changed, or a letter put in."""
    letters = [at for at in range(1, len(old) - 1) if old[at].isalpha() and old[at - 1] != "\\"]
    if not letters:
        inside = len(old) // 2
        return f"{old[:inside]}q{old[inside:]}" if len(old) == 2 else ""
    at = _RANDOM.choice(letters)
    return f"{old[:at]}{'q' if old[at] != 'q' else 'w'}{old[at + 1 :]}"


def _swapped(text: str, bare: str, region: tuple[int, int], dialect: Dialect) -> _Change | None:
    """An assertion turned into its opposite."""
    found: list[tuple[re.Match[str], Swap]] = [
        (match, swap) for swap in dialect.swaps for match in swap.old.finditer(bare, *region)
    ]
    if not found:
        return None
    match, swap = _RANDOM.choice(found)
    kept = [text[match.start(n) : match.end(n)] for n in range(1, swap.old.groups + 1)]
    return _Change(match.start(), match.end(), swap.new.format(*kept))


def _applied(text: str, changes: list[_Change]) -> str:
    for change in sorted(changes, key=lambda change: change.start, reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text
