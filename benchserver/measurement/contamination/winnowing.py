"""Is a reply the reference, written down again? Fingerprints of code that survive renaming.

Code becomes tokens with its own names levelled, runs of k tokens are hashed, and of every w
neighbouring hashes the smallest is kept (the rightmost of equals): any shared run of w + k - 1
tokens is caught, none shorter than k. Example: a copy with all names changed contains the whole
reference (1.0), another algorithm a ninth of it. Short tasks force alike code, so a task's flag
is raised only above what the panel's own replies to it contain.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchserver.core.errors import BadInput
from benchserver.measurement.similarity import code_tokens

K = 5
W = 4
CONTAINED = 0.6
RUN = 30
PANEL_QUANTILE = 0.99
_BASE, _MODULUS = 1_000_003, (1 << 61) - 1
_LITERAL = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|\d[\d_.]*")
LONG_LITERAL = 8  # characters: shorter ones are met by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """``containment``: share of the reference's fingerprints found in the reply, in [0, 1];
    ``run``: the longest run of tokens both have."""

    containment: float
    run: int


def hashes(tokens: Sequence[str], k: int = K) -> list[int]:
    """Rolling hashes of all runs of k tokens (Karp and Rabin 1987), left to right.

    Known answer: equal runs have equal hashes, wherever they stand. Raises ``BadInput``, k < 1.
    """
    if k < 1:
        raise BadInput(f"runs of {k} tokens", place="winnowing.k")
    words = [zlib.crc32(token.encode("utf-8", errors="surrogatepass")) + 1 for token in tokens]
    if len(words) < k:
        return []
    leading, value = pow(_BASE, k - 1, _MODULUS), 0
    for word in words[:k]:
        value = (value * _BASE + word) % _MODULUS
    found = [_mixed(value)]
    for gone, new in zip(words, words[k:], strict=False):
        value = ((value - gone * leading) * _BASE + new) % _MODULUS
        found.append(_mixed(value))
    return found


def winnow(values: Sequence[int], window: int = W) -> list[tuple[int, int]]:
    """(hash, place) kept: of each window the smallest, the rightmost of equals, once
    (Schleimer, Wilkerson and Aiken 2003).

    Known answer: 77 72 42 17 98 50 17 98 8 88 67 39 77 72 42 17 98 with windows of 4 keep 17@3,
    17@6, 8@8, 39@11, 17@15. Fewer values than a window are one window. Raises ``BadInput``.
    """
    if window < 1:
        raise BadInput(f"windows of {window} hashes", place="winnowing.window")
    kept: list[tuple[int, int]] = []
    for start in range(max(1, len(values) - window + 1) if values else 0):
        places = range(start, min(start + window, len(values)))
        place = min(places, key=lambda p: (values[p], -p))
        if not kept or kept[-1][1] != place:
            kept.append((values[place], place))
    return kept


def overlap(reply: str, reference: str, *, k: int = K, window: int = W) -> Overlap:
    """How much of the reference's code stands in the reply (Schleimer, Wilkerson and Aiken 2003).

    Known answer: a renamed copy has containment 1. A reference below k tokens contains nothing.
    """
    said, known = code_tokens(reply), code_tokens(reference)
    ours, theirs = ({h for h, _ in winnow(hashes(t, k), window)} for t in (said, known))
    containment = len(ours & theirs) / len(theirs) if theirs else 0.0
    return Overlap(containment=containment, run=longest_run(said, known))


def longest_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Tokens in the longest run that stands in both; by halving, since a run contains all shorter
    ones."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if _share_run(first, second, middle):
            low = middle
        else:
            high = middle - 1
    return low


def flagged(seen: Overlap, panel: Sequence[float]) -> bool:
    """The default rule for one task: much of the reference, in one long run, and more than the
    panel's 99th percentile on this task. Without panel replies nothing is flagged."""
    if not panel or seen.containment < CONTAINED or seen.run < RUN:
        return False
    return seen.containment > float(np.quantile(panel, PANEL_QUANTILE, method="higher"))


def leaked_literals(reply: str, *, tests: str, shown: str) -> int:
    """Long literals of the hidden tests that the reply has although the statement has not
    (GPT-4 technical report 2023: a shared substring is a sign of contamination).

    Known answer: tests that expect "quartz-lantern" where nothing shown says so, and a reply that
    has it: 1.
    """
    return sum(literal in reply for literal in hidden_literals(tests, shown=shown))


def hidden_literals(tests: str, *, shown: str) -> set[str]:
    """Long literals of the tests that what is shown does not hold, also not inside a word."""
    return {literal for literal in long_literals(tests) if literal not in shown}


def long_literals(text: str) -> set[str]:
    """Strings and numbers of at least eight characters, without their quotes."""
    bare = (found.strip("\"'") for found in _LITERAL.findall(text))
    return {literal for literal in bare if len(literal) >= LONG_LITERAL}


def _share_run(first: Sequence[str], second: Sequence[str], length: int) -> bool:
    return not set(hashes(first, length)).isdisjoint(hashes(second, length))


def _mixed(value: int) -> int:
    """Spread the polynomial's value: a smallest one must not be a run of small tokens."""
    value ^= value >> 31
    value = value * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    return value ^ value >> 29
