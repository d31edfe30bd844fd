"""A model's score by language and by topic, as a row of a closed rotation's board tells it.

A breakdown is told once, when the rotation has closed, with noise that was drawn once. Example:
``{"kind": "language", "value": "rust", "tasks": 60, "passed": 30, "noise_e4": 226, ...}`` may be
31 or 28 of 60 in truth; the headline of the row holds no noise.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from benchserver.core.lifecycle import RotationState
from benchserver.core.releases import PRIVACY_BUDGET
from benchserver.evaluations import cells, score
from benchserver.evaluations.models import Evaluation
from benchserver.measurement.noise import noisy_share


def breakdown(evaluation: Evaluation, *, min_cell: int) -> dict[str, Any] | None:
    """The row's ``breakdown``; None while its rotation is open. Call where it is published."""
    if evaluation.rotation.state != RotationState.CLOSED:
        return None
    told = [_cell(each) for each in cells.noisy_cells(evaluation, min_cell=min_cell)]
    spent = cells.spent(evaluation)
    return {
        "cells": told,
        "epsilon_e3": _e3(spent.here),
        "epsilon_ever_e3": _e3(spent.ever),
        "epsilon_limit_e3": _e3(PRIVACY_BUDGET),
    }


def _cell(each: cells.NoisyCell) -> dict[str, Any]:
    found = noisy_share(
        each.passed,
        tasks=each.tasks,
        samples=each.samples,
        epsilon=each.epsilon,
        family_sizes=each.sizes,
    )
    return {
        "kind": each.kind,
        "value": each.value,
        "tasks": each.tasks,
        "samples": each.tasks * each.samples,
        "passed": each.passed,
        "score_e4": score.e4(found.share),
        "noise_e4": score.e4(found.noise),
        "se_e4": score.e4(found.se),
        "low_e4": score.e4(found.interval.low),
        "high_e4": score.e4(found.interval.high),
        "epsilon_e3": _e3(each.epsilon),
    }


def _e3(epsilon: Fraction) -> int:
    return round(epsilon * 1000)
