"""What a repeated evaluation tells its owner: a new number only when it is clearly better.

Whoever may ask again and again climbs a score by chance: keep what was told to be better, throw
away the rest. The Ladder answers with the old number until a new one is better by more than its
own error. Example: 20 tasks with 10 failures, then 9 (one task mended): the answer stays 10/20,
since one changed task is never more than one error; with 6 failures the answer is 6/20.

At the size of our boards its guarantee says nothing (200 tasks, 10 tries: error at most .51), so
it is a brake; what protects is few evaluations, fresh forms and counting every one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput

Floats = npt.NDArray[np.float64]
_TIE = 1e-9  # "better by exactly one error" is not "more than"; rounding must not decide it
_STEPS = np.geomspace(1e-4, 1.0, 4001)


@dataclass(slots=True)
class Ladder:
    """The Ladder without a parameter (Blum and Hardt, ICML 2015). State: the best losses so far.

    ``tell(losses)`` takes one loss in [0, 1] per task, always the same tasks in the same order,
    and answers with a mean loss: the new one when it lies below the told one by more than one
    standard error of the difference task by task (sample sd / sqrt(n)), else the told one again.
    The first is always told. Known answer: 20 tasks of which the first 10, 9, 12, 6, 5, 5, 0 fail
    give .5 .5 .5 .3 .3 .3 0. Raises ``BadInput`` on fewer than 2 tasks or another number of them.
    """

    best: Floats | None = None
    told: float = math.inf

    def tell(self, losses: Sequence[float] | Floats) -> float:
        new = _checked(losses)
        if self.best is not None and len(self.best) != len(new):
            raise BadInput(
                f"{len(new)} losses after {len(self.best)}: a ladder is of one form", place="ladder"
            )
        if self.best is None or clearly_lower(new, self.best):
            self.best, self.told = new, float(new.mean())
        return self.told


@dataclass(slots=True)
class SteppedLadder:
    """The Ladder with a fixed step eta (Blum and Hardt, ICML 2015, figure 1).

    A new mean loss counts when it lies more than one step below the told one, and is then told
    rounded to a whole number of steps. Known answer: step .1 and mean losses
    .5 .45 .6 .3 .25 .25 0 give .5 .5 .5 .3 .3 .3 0. Raises ``BadInput`` unless 0 < step <= 1.
    """

    step: float
    told: float = math.inf

    def __post_init__(self) -> None:
        if not 0 < self.step <= 1:
            raise BadInput(f"a step of {self.step} is not in (0, 1]", place="ladder.step")

    def tell(self, losses: Sequence[float] | Floats) -> float:
        loss = float(_checked(losses).mean())
        if loss < self.told - self.step - _TIE:
            self.told = round(loss / self.step) * self.step
        return self.told


def told(scores: Sequence[Sequence[float] | Floats], *, min_changed: int = 1) -> int:
    """Which of these evaluations of one model on one form is told after the last one: its place.

    ``scores``: task scores, oldest first. One is told when the Ladder (Blum and Hardt 2015) would
    and at least ``min_changed`` tasks came out differently from the told one, so that no number
    tells of fewer. Known answer: ten passes of 20, then eleven, then fourteen (the same tasks and
    more) give place 0, 0, 2. Raises ``BadInput`` without any.
    """
    if not scores:
        raise BadInput("nothing was evaluated", place="ladder")
    place, best = 0, 1.0 - _checked(scores[0])
    for number, row in enumerate(scores[1:], 1):
        losses = 1.0 - _checked(row)
        if len(losses) != len(best):
            raise BadInput("a ladder is of one form", place="ladder")
        changed = int((np.abs(losses - best) > _TIE).sum())
        if changed >= min_changed and clearly_lower(losses, best):
            place, best = number, losses
    return place


def clearly_lower(new: Floats, old: Floats) -> bool:
    """Is the mean of ``new`` below that of ``old`` by more than one paired standard error?"""
    change = new - old
    error = float(change.std(ddof=1)) / math.sqrt(len(change))
    return float(-change.mean()) > error * (1 + _TIE) + _TIE


def stepped_error_bound(tasks: int, tries: int, *, confidence: float = 0.95) -> float:
    """How far a SteppedLadder's best answer may lie from the truth, with the best possible step.

    Blum and Hardt 2015: P(error > eps + eta) <= exp(-2 eps^2 n + (1/eta + 2) ln(4k/eta) + 1),
    solved for eps at 1 - ``confidence`` and minimised over the step eta. Known answers for 10
    tries: 200 tasks .51, 2,000 .23, 10,000 .137, 100,000 .064. Raises ``BadInput`` below 1.
    """
    _check_sizes(tasks, tries)
    from scipy.optimize import minimize_scalar

    def total(step: float) -> float:
        exponent = (1 / step + 2) * math.log(4 * tries / step) + 1 - math.log(1 - confidence)
        return math.sqrt(exponent / (2 * tasks)) + step

    start = min(range(len(_STEPS)), key=lambda i: total(float(_STEPS[i])))
    low, high = _STEPS[max(0, start - 1)], _STEPS[min(len(_STEPS) - 1, start + 1)]
    found = minimize_scalar(total, bounds=(float(low), float(high)), method="bounded")
    return float(min(found.fun, total(float(_STEPS[start]))))


def union_bound(tasks: int, tries: int, *, confidence: float = 0.95) -> float:
    """How far any of k scores chosen beforehand may lie from its truth (Hoeffding 1963, union).

    sqrt(ln(2k / (1 - confidence)) / 2n). Known answer: 200 tasks, 10 tries .122387341535.
    """
    _check_sizes(tasks, tries)
    return math.sqrt(math.log(2 * tries / (1 - confidence)) / (2 * tasks))


def _check_sizes(tasks: int, tries: int) -> None:
    if tasks < 1 or tries < 1:
        raise BadInput("a bound needs at least one task and one try", place="ladder")


def _checked(losses: Sequence[float] | Floats) -> Floats:
    data = np.asarray(losses, dtype=np.float64)
    if data.ndim != 1 or len(data) < 2:
        raise BadInput("a ladder needs at least 2 tasks", place="ladder")
    if not ((data >= 0) & (data <= 1)).all():  # NaN fails both comparisons
        raise BadInput("a loss lies outside 0 to 1", place="ladder")
    return data
