"""Marginal maximum likelihood for items: abilities are integrated out, not estimated.

The cross-check of the Rasch fit and, with 200 models or more, the place where every item may have a
slope of its own. Example: five items of a law school test answered by 1,000 people give a common
slope of .7551 and difficulties -3.6153 -1.3224 -.3176 -1.7301 -2.7802.

Sources: Bock and Lieberman 1970; Bock and Aitkin 1981; Thissen 1982.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import log_expit, logsumexp

from benchserver.core.errors import BadInput, PlatformFault
from benchserver.measurement.equating.table import Floats

MODELS_FOR_SLOPES = 200  # below, a slope per item is noise
_NODE_COUNT = 61


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """P(pass) = sigma(slope (theta - difficulty)) with theta standard normal; one per item."""

    slopes: Floats
    difficulties: Floats
    log_likelihood: float


def fit_common_slope(patterns: Floats, weights: Floats | None = None) -> Curves:
    """One slope for all items, a difficulty each (Thissen 1982).

    ``patterns``: rows x items, 1 passed, 0 not, nan missing; ``weights``: how often a row came.
    Known answer: LSAT6, log likelihood -2466.938, slope .7551. Raises ``BadInput`` for an item
    that everybody passed or nobody, and for other values.
    """
    x, known, counts = _checked(patterns, weights)
    return _maximise(x, known, counts, one_slope=np.ones((1, x.shape[1])))


def fit_slopes(patterns: Floats, weights: Floats | None = None) -> Curves:
    """A slope and a difficulty per item (Bock and Aitkin 1981); 200 rows or more.

    Known answer: LSAT6, slopes .826 .723 .891 .688 .657. Raises ``BadInput`` below 200 rows.
    """
    x, known, counts = _checked(patterns, weights)
    if counts.sum() < MODELS_FOR_SLOPES:
        raise BadInput(
            f"{int(counts.sum())} models are too few for a slope per task",
            place="models",
            mend=f"Use one common slope below {MODELS_FOR_SLOPES}.",
        )
    return _maximise(x, known, counts, one_slope=np.eye(x.shape[1]))


def _checked(patterns: Floats, weights: Floats | None) -> tuple[Floats, Floats, Floats]:
    """(passes with 0 where missing, 1 where known, weights)."""
    known = ~np.isnan(patterns)
    if patterns.ndim != 2 or not np.isin(patterns[known], (0.0, 1.0)).all():
        raise BadInput("a cell is 1, 0 or missing", place="patterns")
    counts = np.ones(len(patterns)) if weights is None else np.asarray(weights, dtype=np.float64)
    if counts.shape != patterns.shape[:1] or (counts < 0).any():
        raise BadInput("one weight per row, none below 0", place="weights")
    x = np.where(known, patterns, 0.0)
    passed, total = counts @ x, counts @ known
    if ((passed <= 0) | (passed >= total)).any():
        raise BadInput(
            "an item was passed by all or by none", place="patterns", mend="Leave it out."
        )
    return x, known.astype(np.float64), counts


def _maximise(x: Floats, known: Floats, counts: Floats, *, one_slope: Floats) -> Curves:
    """``one_slope``: slope parameters x items, which parameter is which item's slope."""
    nodes, density = np.polynomial.hermite_e.hermegauss(_NODE_COUNT)
    log_weights = np.log(density) - math.log(math.sqrt(2 * math.pi))
    share = (counts @ x) / (counts @ known)
    start = np.concatenate([np.ones(len(one_slope)), np.log(share / (1 - share))])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slopes, intercepts = _unpacked(parameters, one_slope)
        at = nodes[:, None] * slopes + intercepts  # nodes x items
        rows = x @ log_expit(at).T + (known - x) @ log_expit(-at).T + log_weights
        each = logsumexp(rows, axis=1)
        posterior = counts[:, None] * np.exp(rows - each[:, None])
        surplus = posterior.T @ x - (posterior.T @ known) * np.exp(log_expit(at))
        gradient = np.concatenate([one_slope @ (nodes @ surplus), surplus.sum(axis=0)])
        return -float(counts @ each), -gradient

    found = optimize.minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-7, "maxiter": 5000},
    )
    if not np.isfinite(found.fun) or np.abs(found.jac).max() > 1e-2:
        raise PlatformFault("marginal_no_end", f"{found.nit} steps")
    slopes, intercepts = _unpacked(found.x, one_slope)
    return Curves(
        slopes=slopes, difficulties=-intercepts / slopes, log_likelihood=-float(found.fun)
    )


def _unpacked(parameters: Floats, one_slope: Floats) -> tuple[Floats, Floats]:
    return parameters[: len(one_slope)] @ one_slope, parameters[len(one_slope) :]
