"""What choosing tasks by difficulty would do to a pool, and how Sympson and Hetter tame it.

Adaptive tests need fewer tasks but show the best ones to nearly everybody. The board does not use
them (fixed common forms permit paired tests); this tells an admin what they would cost. Example:
tasks chosen for .9, .6 and .3 of the models under a limit of .25 are given with probability .28,
.42 and .83 when chosen. Sources: Sympson and Hetter 1985; van der Linden 2003 (slow, not exact).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput

SWING = 0.04
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One simulated season of adaptive tests. ``highest``: share of models that met the most used
    task; ``overlap``: mean share of tasks two models have in common; ``unused``: tasks never
    given."""

    highest: float
    overlap: float
    unused: int


def given_if_chosen(chosen: Sequence[float], limit: float) -> list[float]:
    """K_j = 1 if P_j(chosen) <= r else r / P_j(chosen) (Sympson and Hetter 1985).

    Known answer: .9 .6 .3 .1 .25 under .25 -> .277777777778 .416666666667 .833333333333 1 1.
    """
    if not 0 < limit <= 1 or not all(0 <= p <= 1 for p in chosen):
        raise BadInput("chances lie between 0 and 1, the limit above 0", place="limit")
    return [1.0 if p <= limit else limit / p for p in chosen]


def fewest_tasks(length: int, limit: float) -> int:
    """Exposure rates sum to the length of a test, so a pool has at least L / r tasks.

    Known answer: 10 tasks under .25 need 40 (Sympson and Hetter 1985).
    """
    if length < 1 or not 0 < limit <= 1:
        raise BadInput("a test has tasks and a limit above 0", place="limit")
    return math.ceil(length / limit - 1e-9)


def rounds(
    difficulties: Sequence[float],
    *,
    length: int,
    limit: float,
    most: int = 20,
    models: int = 1000,
    seed: int = 0,
) -> list[Round]:
    """Simulate, set K, simulate again until it holds: the first round is without any limit.

    Abilities are N(0, 1), answers follow Rasch, tasks are chosen by information. It swings above
    the limit, so it ends at limit + .04 or after ``most`` rounds. Known answer: 60 tasks of
    N(0, 1), 10 each, .25: all models meet one task at first, at most .29 in the end (Sympson and
    Hetter 1985). Raises ``BadInput`` for a pool below L / r.
    """
    b = np.asarray(difficulties, dtype=np.float64)
    if len(b) < fewest_tasks(length, limit):
        raise BadInput(f"{len(b)} tasks are too few for that limit", place="limit")
    generator = np.random.default_rng(seed)
    keep, found = np.ones(len(b)), []
    for _ in range(most):
        chosen, given = _season(b, keep, length, generator.normal(size=models), generator)
        found.append(_figures(given))
        if found[-1].highest <= limit + SWING:
            break
        keep = np.asarray(given_if_chosen(chosen.mean(axis=0).tolist(), limit))
        keep[np.argsort(-keep, kind="stable")[:length]] = 1.0  # a test can always be filled
    return found


def _season(
    b: Floats, keep: Floats, length: int, theta: Floats, generator: np.random.Generator
) -> tuple[Bools, Bools]:
    """(chosen, given) per model and task. A task that was chosen and not given is out for good."""
    shape = (len(theta), len(b))
    allowed = generator.random(shape) < keep
    allowed |= keep >= 1
    passes = generator.random(shape) < 1 / (1 + np.exp(b - theta[:, None]))
    chosen, given = np.zeros(shape, bool), np.zeros(shape, bool)
    rows = np.arange(len(theta))
    for _ in range(length):
        p = 1 / (1 + np.exp(b - _ability(b, given, passes)[:, None]))
        value = np.where(chosen, -1.0, p * (1 - p))
        pick = np.where(allowed, value, -1.0).argmax(axis=1)
        passed_over = ~allowed & (value > value[rows, pick][:, None])
        chosen |= passed_over
        chosen[rows, pick] = given[rows, pick] = True
    return chosen, given


def _ability(b: Floats, given: Bools, passes: Bools) -> Floats:
    """Penalised Rasch ability of every model from what it was given so far, prior N(0, 1)."""
    theta = np.zeros(len(given))
    for _ in range(6):
        p = 1 / (1 + np.exp(b - theta[:, None]))
        pull = (given * (passes - p)).sum(axis=1) - theta
        slope = (given * p * (1 - p)).sum(axis=1) + 1
        theta = theta + np.clip(pull / slope, -1, 1)
    return theta


def _figures(given: Bools) -> Round:
    counts = given.sum(axis=0)
    models, length = len(given), int(given[0].sum())
    pairs = float((counts * (counts - 1)).sum()) / (models * (models - 1))
    return Round(
        highest=float(counts.max()) / models,
        overlap=pairs / length,
        unused=int((counts == 0).sum()),
    )
