"""Tasks nobody can solve honestly: how much do a few passes say?

A canary's tests demand a constant that the statement does not determine, so a pass means leaked
tests, a fault in the canary or in the sandbox; the last two are looked for first. Example: of ten
canaries, honest rate .005 and leaked rate .3, prior 5 %: one pass leaves 12 %, two make 92 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special, stats

from benchserver.core.errors import BadInput
from benchserver.measurement.contamination.salts import MARKER
from benchserver.measurement.scores import clopper_pearson

LEAKED_BETA = (1.0, 3.0)
HONEST_BETA = (1.0, 401.0)  # no pass in 400 canary runs of models that cannot have met them


SECRET_BITS = 40  # of a constant that nobody guesses in any number of runs there will be


@dataclass(frozen=True, slots=True)
class Passes:
    """``passed`` of ``sent`` canaries. Raises ``BadInput`` for counts that cannot be."""

    passed: int
    sent: int

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.sent:
            raise BadInput(f"{self.passed} of {self.sent} canaries", place="canaries")


def bayes_factor(seen: Passes, *, honest: float, leaked: float) -> float:
    """How much more likely a leak makes these passes than honesty does (Jeffreys 1935).

    ``honest``, ``leaked``: pass rates in (0, 1). Known answer: none of ten, .005 against .3,
    posterior from 5 %: .00156. Raises ``BadInput``.
    """
    if not (0 < honest < 1 and 0 < leaked < 1):
        raise BadInput("pass rates lie between 0 and 1", place="canaries")
    failed = seen.sent - seen.passed
    log = seen.passed * math.log(leaked / honest)
    return math.exp(log + failed * (math.log1p(-leaked) - math.log1p(-honest)))


def posterior(factor: float, *, prior: float) -> float:
    """The chance of a leak after the evidence (Bayes 1763).

    Known answer: two of ten at .005 against .3, prior .05: .9192. Raises ``BadInput``.
    """
    if not 0 < prior < 1 or factor < 0:
        raise BadInput("a prior lies between 0 and 1", place="canaries.prior")
    return prior * factor / (prior * factor + 1 - prior)


def mixed_factor(
    seen: Passes,
    *,
    honest: tuple[float, float] = HONEST_BETA,
    leaked: tuple[float, float] = LEAKED_BETA,
) -> float:
    """The Bayes factor when neither rate is known: two Beta-binomials (Skellam 1948).

    ``honest``, ``leaked``: the two Beta priors. Known answers, 0 to 3 of ten: .2365, 8.08, 300.5,
    12259. Raises ``BadInput`` for a prior that is none.
    """
    if min(*honest, *leaked) <= 0:
        raise BadInput("a Beta prior has two positive numbers", place="canaries")
    x, failed = seen.passed, seen.sent - seen.passed

    def log_likelihood(a: float, b: float) -> float:
        return float(special.betaln(a + x, b + failed) - special.betaln(a, b))

    return math.exp(log_likelihood(*leaked) - log_likelihood(*honest))


def honest_rate(seen: Passes, *, confidence: float = 0.95) -> float:
    """The highest honest pass rate that panel runs leave possible, one-sided (Clopper and Pearson
    1934). Known answer: 0 of 400 .00746."""
    return clopper_pearson(seen.passed, seen.sent, confidence=2 * confidence - 1).high


def chance(seen: Passes, *, honest: float) -> float:
    """p-value: so many passes or more by honest models only (the binomial tail, Bernoulli 1713).

    Known answer: two of ten at .005: .0011.
    """
    return reach(seen.sent, rate=honest, least=seen.passed)


def reach(sent: int, *, rate: float, least: int) -> float:
    """Chance of at least ``least`` passes: the power of an alarm rule, or its false alarms.

    Known answers: ten canaries, two passes: .851 at .3, .264 at .1; twenty at .1: .608.
    """
    if sent < 0 or not 0 <= rate <= 1:
        raise BadInput("a count and a rate are needed", place="canaries")
    return float(stats.binom.sf(least - 1, sent, rate))


def secret_bits(literal: str) -> int:
    """How many bits a literal has at most, by the letters it is written in; what a salt's marker
    stands for is shown and counts nothing.

    Known answer: thirteen digits have 43, ten letters and digits 51.
    """
    secret = literal.replace(MARKER, "")
    alphabet = 10 if secret.isdigit() else 36
    return int(len(secret) * math.log2(alphabet))
