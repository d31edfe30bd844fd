"""What somebody gains who asks many times: the attacks the rules of release are tried against.

Three of them: *boosting* combines random guesses by what the board said about each, *best of N*
shows only the luckiest of N equal tries, *least squares* fails random halves on purpose and solves
for its own verdicts. Example: 400 random guesses at 4,000 coin flips, combined by an exact board,
look like an error of .43 although the truth is .5. Tests and ``simulate season`` run them.
Sources: Blum and Hardt 2015 (boosting and its published figures), integrity note 1.7, 3.2, 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput
from benchserver.measurement.adaptive.ladder import Ladder, SteppedLadder
from benchserver.measurement.adaptive.thresholdout import Thresholdout

Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.int64]
Answerer = Callable[[Floats], float | None]  # losses per task -> the number told, None: refused
Kept = Callable[[float, float], bool]  # the number told, the one before (inf at first) -> keep it?


@dataclass(frozen=True, slots=True)
class Release:
    """A way of answering and the attacker's best use of it.

    ``answer``: losses per task to the told number; ``keeps``: whether the attacker keeps it.
    """

    answer: Answerer
    keeps: Kept


def release(name: str, generator: np.random.Generator) -> Release:
    """The way of answering called ``name``; ``generator``: the noise of the one that has any.

    Raises ``KeyError`` for another name than exact, rounded, ladder, stepped or thresholdout.
    """
    makers: dict[str, Callable[[], Release]] = {
        "exact": exact,
        "rounded": rounded,
        "ladder": laddered,
        "stepped": stepped,
        "thresholdout": lambda: held_out(Thresholdout(generator=generator)),
    }
    return makers[name]()


def exact() -> Release:
    """The mean loss in full precision."""
    return Release(lambda losses: float(losses.mean()), _below_half)


def rounded(decimals: int = 2) -> Release:
    """The mean loss rounded (halves to even), as a board with few digits shows it."""
    return Release(lambda losses: float(np.round(losses.mean(), decimals)), _below_half)


def laddered() -> Release:
    """The parameter-free Ladder: the attacker keeps what lowered its answer."""
    return Release(Ladder().tell, _lowered)


def stepped(step: float = 0.05) -> Release:
    """The Ladder with a fixed step, attacked in the same way."""
    return Release(SteppedLadder(step).tell, _lowered)


def held_out(holdout: Thresholdout) -> Release:
    """Thresholdout against a public part that a guess on the private one says nothing about."""

    def answer(losses: Floats) -> float | None:
        public = holdout.generator.binomial(len(losses), 0.5) / len(losses)
        return holdout.answer(training=public, holdout=float(losses.mean()))

    return Release(answer, _below_half)


def _below_half(told: float, before: float) -> bool:
    return told <= 0.5


def _lowered(told: float, before: float) -> bool:
    return told < before


def boosting(
    *, tasks: int, guesses: int, release: Release, generator: np.random.Generator
) -> float:
    """The loss the board shows for the majority of the kept guesses; the true one is .5.

    Blum and Hardt 2015: ``tasks`` uniform bits, ``guesses`` random vectors, those whose told loss
    is good are kept, their majority is sent (a draw goes to the last one kept). Known answers, mean
    of five on 4,000 tasks: exact .42745 (400 guesses) and .46695 (100); two digits .45065 and
    .4753; Ladder .48425 and .49035.
    """
    if tasks < 2 or guesses < 1:
        raise BadInput("boosting needs 2 tasks and a guess", place="boosting")
    truth = generator.integers(0, 2, tasks)
    votes, last, before = np.zeros(tasks, dtype=np.int64), None, math.inf
    for guess in generator.integers(0, 2, (guesses, tasks)):
        told = release.answer((guess != truth).astype(np.float64))
        if told is None:
            break
        if release.keeps(told, before):
            votes, last = votes + 2 * guess - 1, guess
        before = told
    return float((majority(votes, last, generator) != truth).mean())


def majority(votes: Bits, last: Bits | None, generator: np.random.Generator) -> Bits:
    """The sign of the votes as bits; draws as in the guess kept last, or by lot without one."""
    tie = generator.integers(0, 2, len(votes)) if last is None else last
    return np.where(votes == 0, tie, (votes > 0).astype(np.int64))


def best_of(shown: Sequence[float], *, truth: float, error: float) -> float:
    """How many standard errors the best of several shown scores lies above the truth.

    Its mean over many tries is ``scores.expected_best_of`` (order statistics, Tippett 1925; Known
    answers there: 2 tries .564, 27 tries 1.998). Raises ``BadInput`` without tries or error.
    """
    if not len(shown) or error <= 0:
        raise BadInput("the best of no tries, or without an error, is nothing", place="best_of")
    return (max(shown) - truth) / error


def least_squares(
    verdicts: Sequence[int],
    *,
    tries: int,
    generator: np.random.Generator,
    step: float = 0.0,
    noise: float = 0.0,
) -> float:
    """The share of its own verdicts an endpoint learns by failing random halves on purpose.

    Each try answers about half of the tasks, the told score (rounded to ``step`` and with Laplace
    ``noise``, 0 for neither) is one equation, and least squares solves for the verdicts (integrity
    note 3.4, 2026). Known answers, 100 tasks: exact, 100 tries 1.0; 20 tries .68; step .05, 300
    tries .99; and with noise .01 .96.
    """
    truth = np.asarray(verdicts, dtype=np.int64)
    if tries < 1 or len(truth) < 2 or not set(truth.tolist()) <= {0, 1}:
        raise BadInput("the attack needs a try and 2 verdicts of 0 or 1", place="least_squares")
    answered = generator.integers(0, 2, (tries, len(truth)))
    told = answered @ truth / len(truth)
    if step:
        told = np.round(told / step) * step
    if noise:
        told = told + generator.laplace(0.0, noise, tries)
    found = np.linalg.lstsq(answered / len(truth), told, rcond=None)[0]
    return float(((found > 0.5) == (truth == 1)).mean())
