"""Noise for numbers of few tasks: how it is drawn, how wide it is, and what it costs of privacy.

A count of 30 tasks beside one of 31 gives a result away; with a random number added to each it
does not. Example: "17 of 30 in Go" leaves as 17 plus a whole number that is 0 in 46 % of draws and
beyond 5 in fewer than 1 %. The number is drawn once and kept: drawn anew it could be averaged away.

Sources: Dwork, McSherry, Nissim, Smith 2006 (Laplace noise, budgets add); Ghosh, Roughgarden,
Sundararajan 2009 (its whole-number form); Canonne, Kamath, Steinke 2020 (drawing it exactly).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

from benchserver.core.errors import BadInput
from benchserver.core.releases import most_spent
from benchserver.measurement.means import Interval, check_counts

Below = Callable[[int], int]  # a uniform whole number from 0 to below n


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyShare:
    """A share with noise in it. ``noise``: the sd of the noise alone; ``se``: of everything.

    ``share`` may lie below 0 or above 1: cutting it would make it wrong on average.
    """

    share: float
    noise: float
    se: float
    interval: Interval


def discrete_laplace(scale: Fraction, below: Below) -> int:
    """A whole number k with chance proportional to exp(-|k| / scale), with no rounding error.

    By Canonne, Kamath and Steinke (2020, algorithm 2), in fractions: the last digits of a rounded
    draw can give away what was hidden. ``below``: a source of uniform whole numbers.
    Known answer: scale 1 is 0 with chance .462117157260 = tanh(1/2). Raises ``BadInput`` unless
    scale is above 0.
    """
    t, s = _above_zero(scale).as_integer_ratio()
    while True:
        digit = below(t)
        if not _exp_minus(Fraction(digit, t), below):
            continue
        turns = 0
        while _exp_minus(Fraction(1), below):
            turns += 1
        size = (digit + t * turns) // s
        negative = below(2) == 1
        if not (negative and size == 0):  # else 0 would come twice as often
            return -size if negative else size


def laplace_sd(scale: Fraction) -> float:
    """The sd of ``discrete_laplace``: sqrt(2 a) / (1 - a) with a = exp(-1/scale) (Ghosh 2009).

    Known answers: scale 1 is 1.356962485602 (the continuous law's is 1.414); scale 10 is
    14.136244785431.
    """
    a = math.exp(-1 / float(_above_zero(scale)))
    return math.sqrt(2 * a) / (1 - a)


def cell_scale(samples: int, epsilon: Fraction) -> Fraction:
    """The scale for a count in which one task holds ``samples``: samples / epsilon (Dwork 2006).

    Known answers: 1 sample at epsilon 1: 1; 5 samples at 1/2: 10. On 200 tasks the first is an sd
    of .0068 of the share, on 30 tasks .045 (integrity note 3.6, there with the continuous law).
    Raises ``BadInput`` unless both are above 0.
    """
    if samples < 1:
        raise BadInput("a task has at least one sample", place="noise")
    return samples / _above_zero(epsilon)


def noisy_share(
    passed: int,
    *,
    tasks: int,
    samples: int,
    epsilon: Fraction,
    family_sizes: Sequence[int],
    confidence: float = 0.95,
) -> NoisyShare:
    """A count with its noise as a share with an interval, from what is told alone (Dwork 2006).

    ``passed`` holds the noise. The error is that of a proportion of tasks (Agresti and Coull 1998,
    so that it is not 0 near the ends) widened by families, sum n^2 / tasks, and the noise's own;
    the interval takes half a count more, since counts are whole.
    Known answer: 15 of 30, one sample, epsilon 1, no families: share .5, noise .045232082867, se
    .101878725227, interval [.283655, .716345]. Raises ``BadInput`` when the families do not hold
    all tasks.
    """
    check_counts(0, tasks, "noise")
    if sum(family_sizes) != tasks:
        raise BadInput("the families do not hold all tasks", place="noise")
    total, z = tasks * samples, NormalDist().inv_cdf(0.5 + confidence / 2)
    share = passed / total
    noise = laplace_sd(cell_scale(samples, epsilon)) / total
    inside = min(1.0, max(0.0, share)) * tasks
    middle = (inside + z * z / 2) / (tasks + z * z)
    inflated = math.fsum(n * n for n in family_sizes) / tasks
    se = math.hypot(math.sqrt(middle * (1 - middle) * inflated / tasks), noise)
    half = z * se + 1 / (2 * total)
    return NoisyShare(
        share=share, noise=noise, se=se, interval=Interval(share - half, share + half)
    )


def privacy_spent(cells: Iterable[tuple[Iterable[Hashable], Fraction]]) -> Fraction:
    """The most that any one task has been spent on: epsilons add where cells share it (Dwork 2006).

    Known answers: {1, 2} and {3, 4} at 1 each: 1; {1, 2}, {3, 4} and {2, 3} at 1 each: 2.
    """
    return most_spent((tasks, _above_zero(epsilon)) for tasks, epsilon in cells)


def _exp_minus(gamma: Fraction, below: Below) -> bool:
    """True with chance exp(-gamma), gamma from 0 to 1: von Neumann's run of falling draws."""
    run = 1
    while below(gamma.denominator * run) < gamma.numerator:
        run += 1
    return run % 2 == 1


def _above_zero(value: Fraction) -> Fraction:
    if value <= 0:
        raise BadInput(f"{value} is not above 0", place="noise")
    return value
