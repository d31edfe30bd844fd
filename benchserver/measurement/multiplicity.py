"""Many tests at once: which of them still hold, when chance alone makes some look good.

A board asks one question per pair of models. ``holm`` keeps the chance of *any* false answer on a
board below alpha and is what ranks rest on; ``benjamini_hochberg`` only bounds the share of false
answers among those found, enough for looking around and never for a claim. Example: fifteen pairs
whose third smallest p is .0266 leave it at .266 (Holm) or .0665 (Benjamini-Hochberg). The family
of tests is fixed before anybody looks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput

Floats = npt.NDArray[np.float64]


def holm(p_values: Sequence[float]) -> list[float]:
    """Step-down adjustment, in the order given (Holm 1979).

    The i-th smallest of m is multiplied by m - i + 1 and never falls below the one before it.
    Known answer: .01, .04, .03 -> .03, .06, .06. Raises ``BadInput`` outside [0, 1].
    """
    p, order = _ordered(p_values, "holm")
    steps = np.minimum(1.0, np.arange(len(p), 0, -1) * p[order])
    return _in_place(np.maximum.accumulate(steps), order)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Step-up adjustment for the false discovery rate (Benjamini and Hochberg 1995).

    The i-th smallest of m is multiplied by m / i and never rises above the one after it. For
    exploratory breakdowns only. Known answer: .01, .04, .03 -> .03, .04, .04. Raises ``BadInput``
    outside [0, 1].
    """
    p, order = _ordered(p_values, "benjamini_hochberg")
    steps = np.minimum(1.0, len(p) / np.arange(1, len(p) + 1) * p[order])
    return _in_place(np.minimum.accumulate(steps[::-1])[::-1], order)


def _ordered(p_values: Sequence[float], place: str) -> tuple[Floats, npt.NDArray[np.intp]]:
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise BadInput("a p-value lies outside 0 to 1", place=place)
    return p, np.argsort(p, kind="stable")


def _in_place(steps: Floats, order: npt.NDArray[np.intp]) -> list[float]:
    adjusted = np.empty_like(steps)
    adjusted[order] = steps
    return [float(p) for p in adjusted]
