"""A holdout that is looked at only where the training value gives a wrong picture.

A submitter's diagnostic could answer with the *public* score, and with the private one only where
the two differ by more than a noisy threshold; each such answer is paid from a budget. Example:
public .60, private .59 answers .60 and costs nothing; public .70, private .58 answers about .58
and costs one. It is compared with the other ways of answering in ``simulate season``; boards show
exact numbers of few evaluations instead. Source: Dwork et al. 2015 (reusable holdout).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchserver.core.errors import BadInput


@dataclass(slots=True, kw_only=True)
class Thresholdout:
    """Dwork et al. 2015, as a state: ``budget`` answers from the holdout, then none at all.

    ``threshold`` T and ``scale`` s are in score units; s = 0 is the rule without noise.
    Known answer: T .04, s 0, budget 2, training .60 .62 .70 .65 .80 .55 against holdout
    .59 .55 .69 .58 .66 .54 answers .60 .55 .70 .58, then refuses twice.
    """

    generator: np.random.Generator
    threshold: float = 0.04
    scale: float = 0.01
    budget: int = 10
    _noisy: float = field(init=False)

    def __post_init__(self) -> None:
        if self.threshold < 0 or self.scale < 0 or self.budget < 0:
            raise BadInput("threshold, scale and budget are not negative", place="thresholdout")
        self._noisy = self.threshold + self._noise(2)

    def answer(self, *, training: float, holdout: float) -> float | None:
        """The number told for one query; None once the budget is spent."""
        if not (0 <= training <= 1 and 0 <= holdout <= 1):
            raise BadInput("a score lies outside 0 to 1", place="thresholdout")
        if self.budget < 1:
            return None
        if abs(holdout - training) <= self._noisy + self._noise(4):
            return training
        self.budget -= 1
        self._noisy = self.threshold + self._noise(2)
        return holdout + self._noise(1)

    def _noise(self, factor: int) -> float:
        return float(self.generator.laplace(0.0, factor * self.scale)) if self.scale else 0.0
