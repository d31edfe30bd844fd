"""What a board can tell apart: the smallest difference it would find, before and after it is run.

Before, from planning values: 150 tasks with 5 samples resolve about ten points between two models.
After, from the board's own pairs: models that solve the same tasks are told apart more easily than
the plan said, models that fail on different ones less. Example: pairs whose difference has a
standard error of .03 resolve about 8.5 points, four times the tasks would halve that.

Source: Miller 2024, arXiv 2411.00640, section 5 (``n = (z + z)^2 (omega^2 + sigma_A^2 / K_A +
sigma_B^2 / K_B) / delta^2``).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from benchserver.core.errors import BadInput
from benchserver.measurement.incomplete import compare_shared
from benchserver.measurement.means import check_counts, cluster_codes

Floats = npt.NDArray[np.float64]
Both = tuple[float, float]  # of the first and of the second model


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a typical pair of a board showed. Shares of 1; variances of one task's difference.

    ``omega2``: between tasks; ``sigma2``: within one task of one model, None for single samples
    (then ``omega2`` holds both); ``design``: how much families inflate the variance;
    ``detectable``: for one pair alone; ``detectable_all``: when every pair of the board is asked.
    """

    omega2: float
    sigma2: float | None
    design: float
    detectable: float
    detectable_all: float
    tasks: int
    clusters: int
    pairs: int


def detectable_difference(
    tasks: int,
    samples: int | tuple[int, int],
    *,
    omega2: float = 1 / 9,
    sigma2: float | Both = 1 / 6,
    power: float = 0.8,
    confidence: float = 0.95,
) -> float:
    """The smallest true difference a paired test of two models finds (Miller 2024).

    ``samples``: per task, of both models or of each; ``omega2``: variance of the per-task
    difference; ``sigma2``: sampling variance within a task, of both or of each. Known answers:
    50 tasks, 1 sample .264; 200 tasks, 5 samples .084. Raises ``BadInput`` for fewer than one task
    or sample, a negative variance, and a power or confidence outside (0, 1).
    """
    if tasks < 1:
        raise BadInput("power needs at least one task", place="tasks")
    variance = _pair_variance(omega2, sigma2, samples)
    return _normal_factor(power, confidence) * math.sqrt(variance / tasks)


def tasks_needed(
    difference: float,
    samples: int | tuple[int, int],
    *,
    omega2: float = 1 / 9,
    sigma2: float | Both = 1 / 6,
    power: float = 0.8,
    confidence: float = 0.95,
) -> float:
    """Tasks for that power, unrounded (Miller 2024). Known answer: .03, sigma2 = 0 -> 968.997.

    Raises ``BadInput`` as ``detectable_difference``, and for a difference of 0 or below.
    """
    if not difference > 0:
        raise BadInput("power needs a difference above 0", place="difference")
    variance = _pair_variance(omega2, sigma2, samples)
    return _normal_factor(power, confidence) ** 2 * variance / difference**2


def observed_resolution(
    passed: Sequence[Sequence[int]],
    samples: int,
    *,
    families: Sequence[Hashable] | None = None,
    power: float = 0.8,
    confidence: float = 0.95,
) -> Resolution:
    """Miller's (2024) detectable difference with the variances of the board's own pairs.

    ``passed``: models x tasks, passes of ``samples`` each. The pair is the typical one: variances
    are means over all pairs, errors are clustered, quantiles are Student's with families less one
    degrees of freedom. Known answer: 1100 against 1010, single samples: variance of the
    difference 2/3, error .408248, detectable (3.182446 + .978472) * .408248 = 1.698689.
    Raises ``BadInput`` below two models or two families, and for impossible counts.
    """
    if len(passed) < 2 or len({len(row) for row in passed}) != 1:
        raise BadInput("resolution needs two models on the same tasks", place="power")
    for count in (count for row in passed for count in row):
        check_counts(count, samples, "power")
    table = np.asarray(passed, dtype=np.float64) / samples
    tasks, pairs = table.shape[1], len(table) * (len(table) - 1) // 2
    clusters = cluster_codes(families, tasks)[1]
    if clusters < 2:
        raise BadInput("an error needs at least two families of tasks", place="families")
    variance = _mean_over_pairs(table, None) * tasks
    clustered = _mean_over_pairs(table, families)
    sigma2 = _within(table, samples)
    error = math.sqrt(clustered)
    return Resolution(
        omega2=max(0.0, variance - 2 * (sigma2 or 0.0) / samples),
        sigma2=sigma2,
        design=clustered * tasks / variance if variance else 1.0,
        detectable=error * _student_factor(power, confidence, clusters - 1),
        detectable_all=error * _student_factor(power, 1 - (1 - confidence) / pairs, clusters - 1),
        tasks=tasks,
        clusters=clusters,
        pairs=pairs,
    )


def _mean_over_pairs(table: Floats, families: Sequence[Hashable] | None) -> float:
    """Mean squared error of a pair's difference."""
    errors = compare_shared(table, families=families).se[np.triu_indices(len(table), 1)]
    return float(np.mean(errors**2))


def _within(table: Floats, samples: int) -> float | None:
    """Mean of s (1 - s) K / (K - 1) over models and tasks; one sample shows nothing."""
    if samples < 2:
        return None
    return float(np.mean(table * (1 - table))) * samples / (samples - 1)


def _pair_variance(omega2: float, sigma2: float | Both, samples: int | tuple[int, int]) -> float:
    sigmas = sigma2 if isinstance(sigma2, tuple) else (sigma2, sigma2)
    counts = samples if isinstance(samples, tuple) else (samples, samples)
    if min(counts) < 1:
        raise BadInput("power needs at least one sample", place="samples")
    if min(omega2, *sigmas) < 0:
        raise BadInput("a variance is negative", place="omega2, sigma2")
    return omega2 + sigmas[0] / counts[0] + sigmas[1] / counts[1]


def _normal_factor(power: float, confidence: float) -> float:
    _check_shares(power, confidence)
    return float(special.ndtri(0.5 + confidence / 2) + special.ndtri(power))


def _student_factor(power: float, confidence: float, df: int) -> float:
    _check_shares(power, confidence)
    return float(special.stdtrit(df, 0.5 + confidence / 2) + special.stdtrit(df, power))


def _check_shares(power: float, confidence: float) -> None:
    if not (0 < power < 1 and 0 < confidence < 1):
        raise BadInput("power and confidence lie between 0 and 1", place="power")
