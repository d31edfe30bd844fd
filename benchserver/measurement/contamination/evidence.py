"""What may be said about one model: one grade from all tests, and how often it would be wrong.

A: logically conclusive, like a salted canary given back by somebody who was never sent it.
B: p below .001 after every test on every model of the board is counted, and an effect of at least
five points. C: watched. Only A, or two Bs that rest on different data, may ever be published.
Example: a gap against the panel and a cliff at the cutoff both read the public tasks, so they are
one source; a gap and two canaries passed are two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchserver.core.errors import BadInput

ALPHA = 0.001
EFFECT = 0.05
WATCH = 0.05
SALT_BITS = 40


class Grade(StrEnum):
    NONE = ""
    WATCH = "C"
    ONE = "B"
    TWO = "BB"
    CONCLUSIVE = "A"


class Source(StrEnum):
    """What data a test rests on; two tests are independent only across sources."""

    PUBLIC_TASKS = "public tasks"
    CANARIES = "canaries"
    TWINS = "twins"
    REPLIES = "replies"
    FAILURES = "failures"


PUBLISHABLE = (Grade.CONCLUSIVE, Grade.TWO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One test's answer. ``p_value``: raw, one-sided; ``effect``: in points of a score of 1;
    ``conclusive``: holds whatever the p-value is."""

    test: str
    source: Source
    p_value: float
    effect: float
    conclusive: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.p_value <= 1 or not math.isfinite(self.effect):
            raise BadInput("a finding has a p-value and a finite effect", place=self.test)


def grade_of(finding: Finding, *, family: int) -> Grade:
    """One test's grade; ``family``: how many tests were made on all models of the board."""
    if finding.conclusive:
        return Grade.CONCLUSIVE
    adjusted = min(1.0, finding.p_value * _checked(family))
    if adjusted < ALPHA and finding.effect >= EFFECT:
        return Grade.ONE
    return Grade.WATCH if adjusted < WATCH else Grade.NONE


def grade(findings: Sequence[Finding], *, family: int) -> Grade:
    """The model's grade by the rule of this module (Bonferroni 1936).

    Known answer: p 1e-6 for gap and canaries, 100 tests, effects .2: "BB"; for gap and cliff: "B".
    Raises ``BadInput`` when the family is smaller than the findings are many.
    """
    if family < len(findings):
        raise BadInput(f"{len(findings)} tests in a family of {family}", place="evidence.family")
    grades = [(grade_of(f, family=family), f.source) for f in findings]
    if any(found is Grade.CONCLUSIVE for found, _ in grades):
        return Grade.CONCLUSIVE
    sources = {source for found, source in grades if found is Grade.ONE}
    if sources:
        return Grade.TWO if len(sources) > 1 else Grade.ONE
    watched = any(found is Grade.WATCH for found, _ in grades)
    return Grade.WATCH if watched else Grade.NONE


def may_publish(found: Grade) -> bool:
    """Nothing below the rule leaves the room."""
    return found in PUBLISHABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarm:
    """Chance that one clean board gets any published mark. ``independent``: if sources do not hang
    together; ``bound``: whatever they do. ``conclusive``: the part that guessing a salt adds."""

    independent: float
    bound: float
    conclusive: float


def false_alarm(
    *, models: int, sources: int = len(Source), guesses: int = 0, bits: int = SALT_BITS
) -> FalseAlarm:
    """How often the rule marks a clean board at most (Bonferroni 1936; Markov's inequality).

    All Bs of a board share ``ALPHA``. Two of S sources alike on one of M models: with independent
    sources at most C(S, 2) (ALPHA / S)^2 / M, whatever hangs together ALPHA / 2, since two of the
    events must happen. Known answer: 20 models, five sources: 2e-8 and .0005.
    """
    if models < 1 or sources < 1 or guesses < 0:
        raise BadInput("a board has models and sources", place="evidence")
    guessed = -math.expm1(guesses * math.log1p(-(2.0**-bits)))
    pairs = math.comb(sources, 2) * (ALPHA / sources) ** 2 / models
    return FalseAlarm(independent=pairs + guessed, bound=ALPHA / 2 + guessed, conclusive=guessed)


def _checked(family: int) -> int:
    if family < 1:
        raise BadInput("a family has at least one test", place="evidence.family")
    return family
