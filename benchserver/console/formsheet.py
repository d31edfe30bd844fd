"""What a planned form will be able to tell, and what asking for it twice could gain.

Printed by ``rotation plan``, before anything is frozen: more tasks are cheap then and impossible
later. Example: 150 tasks with 5 samples tell two models apart from 9.6 points on, half of that
takes 600 tasks; the better of two equal evaluations would look 2.3 points too good, which is why
the first one counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from benchserver.measurement.adaptive.ladder import stepped_error_bound, union_bound
from benchserver.measurement.estimators import label
from benchserver.measurement.means import bernoulli_error
from benchserver.measurement.power import detectable_difference, tasks_needed
from benchserver.measurement.scores import expected_best_of

_MIDDLE = 0.5  # the score whose error is largest

ESTIMATORS = {
    "detectable_e4": "detectable-difference",
    "tasks_for_half": "tasks-needed",
    "error_e4": "bernoulli-error",
    "luck_e4": "best-of-n",
    "fixed_bound_e4": "union-bound",
    "ladder_bound_e4": "ladder-bound",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSheet:
    """Shares in ten-thousandths, at most 10,000.

    ``detectable_e4``: smallest difference found with 80 % power, by planning values;
    ``tasks_for_half``: tasks that would find half of it. ``error_e4``: of one score in the middle.
    ``luck_e4``: how far the best of ``tries`` equal evaluations lies above the truth.
    ``fixed_bound_e4``, ``ladder_bound_e4``: how far any of as many scores may be from it, chosen
    beforehand or in answer to what was told.
    """

    track: str
    tasks: int
    samples: int
    tries: int
    detectable_e4: int
    tasks_for_half: int
    error_e4: int
    luck_e4: int
    fixed_bound_e4: int
    ladder_bound_e4: int


def sheet(*, track: str, tasks: int, samples: int, tries: int) -> FormSheet:
    """``tries``: evaluations that one owner group may start. Raises ``BadInput`` below 1 of any."""
    detectable = detectable_difference(tasks, samples)
    error = bernoulli_error(_MIDDLE, tasks)
    return FormSheet(
        track=track,
        tasks=tasks,
        samples=samples,
        tries=tries,
        detectable_e4=_e4(detectable),
        tasks_for_half=math.ceil(tasks_needed(detectable / 2, samples) - 1e-6),
        error_e4=_e4(error),
        luck_e4=_e4(expected_best_of(tries) * error),
        fixed_bound_e4=_e4(union_bound(tasks, tries)),
        ladder_bound_e4=_e4(stepped_error_bound(tasks, tries)),
    )


def documents(sheets: Iterable[FormSheet]) -> dict[str, Any]:
    """The sheets by track, and which method made which number."""
    made = {name: label(estimator) for name, estimator in ESTIMATORS.items()}
    return {"tracks": [asdict(one) for one in sheets], "estimators": made}


def in_words(one: FormSheet) -> list[str]:
    return [
        f"{one.track}: {one.tasks} tasks of {one.samples} samples tell two models apart from "
        f"{_points(one.detectable_e4)} points on; half of that takes {one.tasks_for_half} tasks",
        f"{one.track}: the best of {one.tries} equal evaluations would look "
        f"{_points(one.luck_e4)} points too good, so the first one counts; sure bounds say "
        f"{_points(one.fixed_bound_e4)} points for scores chosen beforehand, "
        f"{_points(one.ladder_bound_e4)} for what the Ladder tells",
    ]


def _points(e4: int) -> str:
    return f"{e4 / 100:.1f}"


def _e4(share: float) -> int:
    return min(10_000, round(share * 10_000))
