"""A model's score of one rotation read as an expected pass rate on the reference form.

Difficulties come from the panel alone, so a competitor moves nobody's scale and its equated score
is a function of its own total, which the board already shows. Example: 54 of 80 passes on the
reference form itself stays .675; 48 of 80 on a form .506 logits harder is about .676.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import expit

from benchserver.core.errors import BadInput
from benchserver.measurement.equating.rasch import Calibration, Figure
from benchserver.measurement.equating.table import Counts, Flags, Floats

_FAR = 40.0  # logits; beyond, a chance is 0 or 1 to the last digit


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """``link_se``: the part of the expected rate's error that comes from the difficulties."""

    theta: Figure
    expected: Figure
    link_se: float


def place(
    calibration: Calibration, *, passed: int, samples: Counts, form: Flags, dispersion: float = 1.0
) -> Placed:
    """Ability from a total on tasks of known difficulty, and the rate expected on ``form``.

    ``samples``: per task of the calibration, 0 where the model was not asked. The ability solves
    sum n sigma(theta - b) = passed (Lord 1980, true-score equating; Rasch 1960: the total is all
    that counts). Its error adds the binomial part, widened by ``dispersion``, the difficulties'
    own, and how unlike the scale the model may find tasks of ``form`` that it has not met.
    Known answer: on the reference form itself the rate is passed / total.
    Raises ``BadInput`` for a total of none or all: those have no ability.
    """
    total = int(samples.sum())
    if samples.shape != calibration.b.shape or not 0 < passed < total:
        raise BadInput(f"{passed} of {total} passes have no ability", place="passed")

    def surplus(theta: float) -> float:
        return float(samples @ expit(theta - calibration.b)) - passed

    centre = float(calibration.b.mean())
    theta = float(optimize.brentq(surplus, centre - _FAR, centre + _FAR, xtol=1e-12))
    return _placed(calibration, theta, samples, form, max(dispersion, calibration.overdispersion))


def _placed(
    calibration: Calibration, theta: float, samples: Counts, form: Flags, dispersion: float
) -> Placed:
    p = expit(theta - calibration.b)
    each = p * (1 - p)
    information = samples * each
    through = information / information.sum()  # d theta / d b
    slope = np.where(form, each, 0.0) / form.sum()
    sampling = dispersion / float(information.sum())
    theta_link = calibration.variance(theta=-calibration.panel_mean(), b=through)
    rate_link = calibration.variance(b=slope.sum() * through - slope)
    theta_se = math.sqrt(sampling + theta_link)
    away = _of_unmet_tasks(each, samples, form, dispersion)
    rate_se = math.sqrt(slope.sum() ** 2 * sampling + rate_link + away)
    rate = float(p[form].mean())
    return Placed(
        theta=Figure(theta, theta_se),
        expected=Figure(rate, rate_se),
        link_se=math.sqrt(rate_link),
    )


def _of_unmet_tasks(each: Floats, samples: Counts, form: Flags, dispersion: float) -> float:
    """Variance of the rate on ``form`` by tasks that the model never met, where each is harder or
    easier for it than for the panel. With K samples a count's variance is K p (1 - p) dispersion,
    so a task's own chance varies by p (1 - p) (dispersion - 1) / K."""
    per_task = float(samples[samples > 0].mean())
    unmet = np.where(form & (samples == 0), each, 0.0).sum()
    return float(unmet * (dispersion - 1.0) / per_task / form.sum() ** 2)
