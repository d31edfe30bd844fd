"""What is true in a season: how hard each task is and how able each model, and what follows.

A model passes a sample of a task with probability sigma(ability - difficulty + taste), where the
taste of a model for a task is drawn once. Each batch of tasks has a difficulty of its own, so raw
scores of two rotations do not compare. Example: ``World(7).rate(0.4, form)`` is the
pass rate a model of that ability has on the mean over all tasks the form was drawn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DIFFICULTY_SPREAD = 1.2
BATCH_SPREAD = 0.4
TASTE_SPREAD = 0.6
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)


@dataclass(slots=True)
class World:
    """Everything random in a season, by name: one name draws the same whatever else happens."""

    seed: int
    batches: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    difficulty: dict[str, float] = field(default_factory=dict)
    batch_of: dict[str, int] = field(default_factory=dict)

    def generator(self, *names: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *(crc32(name.encode()) for name in names)])

    def add_batch(self, count: int) -> list[str]:
        """Ids of so many new tasks, of one mean difficulty."""
        number = len(self.batches)
        draw = self.generator("batch", str(number))
        self.batches.append(float(draw.normal(0, BATCH_SPREAD)) if number else 0.0)
        self.sizes.append(count)
        names = [f"t{number}-{n:04d}" for n in range(count)]
        for name, b in zip(names, draw.normal(0, DIFFICULTY_SPREAD, count), strict=True):
            self.difficulty[name] = self.batches[number] + float(b)
            self.batch_of[name] = number
        return names

    def chances(self, model: str, ability: float, tasks: Sequence[str]) -> Floats:
        """Pass probability per task; the same model has the same taste for a task every time."""
        tastes = {
            batch: self.generator("taste", model, str(batch)).normal(0, TASTE_SPREAD, size)
            for batch, size in enumerate(self.sizes)
        }
        taste = np.array([tastes[self.batch_of[t]][int(t.partition("-")[2])] for t in tasks])
        away = ability - self.difficulties(tasks) + taste
        return np.asarray(expit(away), dtype=np.float64)

    def difficulties(self, tasks: Sequence[str]) -> Floats:
        return np.array([self.difficulty[task] for task in tasks])

    def rate(self, ability: float, tasks: Sequence[str]) -> float:
        """The expected pass rate over the batches these tasks came from (their true score)."""
        spread = float(np.hypot(DIFFICULTY_SPREAD, TASTE_SPREAD))
        by_batch = [_mean_rate(ability - mean, spread) for mean in self.batches]
        return float(np.mean([by_batch[self.batch_of[task]] for task in tasks]))

    def rate_on(self, ability: float, tasks: Sequence[str]) -> float:
        """The expected pass rate on exactly these tasks, over the tastes a model might have."""
        own = self.difficulties(tasks)
        return float(np.mean([_mean_rate(ability - b, TASTE_SPREAD) for b in own]))


def _mean_rate(distance: float, spread: float) -> float:
    """Mean of sigma(distance + N(0, spread^2)), by Gauss-Hermite quadrature."""
    return float((_WEIGHTS @ expit(distance + spread * _NODES)) / _WEIGHTS.sum())
