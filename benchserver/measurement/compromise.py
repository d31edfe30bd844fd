"""Is a task suddenly solved too well? A running sum that forgets bad luck and adds up good.

Each result is compared with the pass rate expected of *this* model on *this* task, from what it
did on all other tasks; surprises add up, S = max(0, S + z - 1/2), and at S >= 4 somebody looks.
Example: a task of expected rate .4 raises a false alarm about once in 295 results; when it has
leaked and is passed at .9, the alarm comes after about 8. Source: Page 1954 (CUSUM), Rasch 1960.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchserver.core.errors import BadInput
from benchserver.measurement.equating.rasch import fit
from benchserver.measurement.equating.table import Counts, Floats, table

ALARM = 4.0
SLACK = 0.5
PRIOR_SD = 2.0  # logits, of abilities around the reference models' mean
_STEPS = 60
_STEP_CAP = 2.0
_CLOSE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """``sums``: S after each result; ``at``: index of the first S >= the threshold, or None."""

    sums: tuple[float, ...]
    at: int | None


def cusum(
    results: Sequence[float], expected: Sequence[float], *, threshold: float = ALARM
) -> Watch:
    """Page's (1954) one-sided sum over results in order of exposure.

    ``results``: share of samples passed, in [0, 1]; ``expected``: the model's chance on that task,
    inside (0, 1), estimated without that result. With several samples a share varies at most as
    much as one sample, so the false-alarm rate is at most that of single ones.
    Known answers: passes at p = .4 add .724744871392 each, failures take 1.316496580928; honest
    results take 101.41, 294.97 and 682.92 on average to reach 3, 4 and 5, passes at .9 6.19, 7.92
    and 9.38.
    """
    z = residuals(results, expected)
    total, sums = 0.0, []
    for surprise in z:
        total = max(0.0, total + surprise - SLACK)
        sums.append(total)
    at = next((i for i, s in enumerate(sums) if s >= threshold), None)
    return Watch(sums=tuple(sums), at=at)


def residuals(results: Sequence[float], expected: Sequence[float]) -> list[float]:
    """z = (x - p) / sqrt(p (1 - p)). Raises ``BadInput`` unless 0 < p < 1 and 0 <= x <= 1."""
    if len(results) != len(expected):
        raise BadInput("every result needs its expected rate", place="cusum")
    if not all(0 < p < 1 for p in expected) or not all(0 <= x <= 1 for x in results):
        raise BadInput("rates lie inside 0 to 1", place="cusum")
    return [(x - p) / math.sqrt(p * (1 - p)) for x, p in zip(results, expected, strict=True)]


def chance_of_alarm(
    expected: Sequence[float], *, threshold: float = ALARM, draws: int = 4000, seed: int = 0
) -> float:
    """How often such a sequence would reach the threshold if nothing were wrong, by simulation.

    (1 + alarms) / (1 + draws), never 0 (Page 1954; Phipson and Smyth 2010). Known answer: two
    results at p = .4 never reach 4: 1 / 4001.
    """
    rates = np.asarray(expected, dtype=np.float64)
    residuals(rates.tolist(), rates.tolist())
    generator = np.random.default_rng(seed)
    scale = np.sqrt(rates * (1 - rates))
    total, alarmed = np.zeros(draws), np.zeros(draws, dtype=bool)
    for p, sd in zip(rates, scale, strict=True):
        passes = generator.random(draws) < p
        total = np.maximum(0.0, total + (passes - p) / sd - SLACK)
        alarmed |= total >= threshold
    return float(1 + alarmed.sum()) / (1 + draws)


def window_p(early: tuple[int, int], late: tuple[int, int]) -> float:
    """One-sided exact test that the later window passes more often (Fisher 1935).

    ``early``, ``late``: (passed, total). Known answer: 6 of 20, then 9 of 10: .0025987.
    """
    (a, n), (b, m) = early, late
    if not (0 <= a <= n and 0 <= b <= m and n and m):
        raise BadInput("a window has results and no more passes than results", place="window")
    ways = [math.comb(m, k) * math.comb(n, a + b - k) for k in range(b, min(m, a + b) + 1)]
    return sum(ways) / math.comb(n + m, a + b)


def expected_rates(reference: Counts, tested: Counts, *, samples: int) -> Floats:
    """Chance of each tested model on each task, its result on that task unseen: models x tasks.

    ``reference``: passes of models whose results set the difficulties, ``tested``: passes of
    the models to judge, both (models, tasks) with ``samples`` per cell. A penalised Rasch (1960)
    fit gives the difficulties; each ability is then fitted on all *other* tasks. Known answer:
    whatever a model did on a task leaves its rate on that task as it was.
    Raises ``BadInput`` without a reference model or with tables of other width.
    """
    known, judged = np.asarray(reference), np.asarray(tested, np.float64)
    if known.ndim != 2 or judged.ndim != 2 or known.shape[1] != judged.shape[1] or not len(known):
        raise BadInput("both tables have the same tasks, and there is a reference", place="rates")
    if known.shape[1] < 2:
        raise BadInput("one task says nothing about its other tasks", place="rates")
    if judged.min(initial=0) < 0 or judged.max(initial=0) > samples:
        raise BadInput(f"passes lie between 0 and {samples}", place="rates")
    difficulty = _difficulties(known, samples)
    rates = np.empty(judged.shape)
    for row, passes in enumerate(judged):
        rates[row] = _logistic(_ability_elsewhere(passes, difficulty, samples) - difficulty)
    return rates


def _difficulties(passed: Counts, samples: int) -> Floats:
    counts = table(
        passed=passed,
        samples=np.full(passed.shape, samples),
        rotations=np.zeros(passed.shape[1]),
        panel=np.ones(len(passed)),
    )
    return fit(counts).b


def _ability_elsewhere(passes: Floats, difficulty: Floats, samples: int) -> Floats:
    """The model's ability once per task, fitted on all tasks but that one."""
    theta = np.zeros(len(passes))
    others = passes.sum() - passes
    for _ in range(_STEPS):
        rate = _logistic(theta[:, None] - difficulty)
        own = np.diagonal(rate)
        pull = others - samples * (rate.sum(axis=1) - own) - theta / PRIOR_SD**2
        slope = samples * ((rate * (1 - rate)).sum(axis=1) - own * (1 - own)) + 1 / PRIOR_SD**2
        move = _step(pull, slope)
        theta = theta + move
        if np.abs(move).max() < _CLOSE:
            break
    return theta


def _step(pull: Floats, slope: Floats) -> Floats:
    return np.clip(pull / slope, -_STEP_CAP, _STEP_CAP)


def _logistic(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))
