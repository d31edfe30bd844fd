"""Counts of models on tasks of several rotations, and what a fit of them must be able to rest on.

Example: two rotations of eight tasks, three panel models that took all sixteen and one that took
the first eight: ``samples`` is 0 where a model never met a task. A cell that is missing is not a
failure, and it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``passed`` and ``samples``: models x tasks, whole numbers, 0 <= passed <= samples.

    ``rotations``: the number 0 to R-1 of each task's rotation; ``panel``: one flag per model.
    """

    passed: Counts
    samples: Counts
    rotations: Counts
    panel: Flags

    def __post_init__(self) -> None:
        _check_shapes(self)
        if (self.passed < 0).any() or (self.passed > self.samples).any():
            raise BadInput("a cell has more passes than samples, or fewer than none", place="table")
        known = self.samples > 0
        if not known.any(axis=1).all() or not known.any(axis=0).all():
            raise BadInput("a model or a task has no result at all", place="table")
        for rotation in range(self.rotation_count):
            tasks = self.rotations == rotation
            if not tasks.any() or not known[np.ix_(self.panel, tasks)].any():
                raise BadInput(
                    f"no panel model has a result in rotation {rotation}",
                    place="panel",
                    mend="Leave the rotation out, or run the panel on it.",
                )

    @property
    def rotation_count(self) -> int:
        return int(self.rotations.max()) + 1

    def of_tasks(self, tasks: Flags) -> Table:
        """The table of some tasks of one rotation, whose number becomes 0."""
        models = (self.samples[:, tasks] > 0).any(axis=1)
        return Table(
            passed=self.passed[np.ix_(models, tasks)],
            samples=self.samples[np.ix_(models, tasks)],
            rotations=np.zeros(int(tasks.sum()), dtype=np.int64),
            panel=self.panel[models],
        )

    def of_models(self, models: Flags) -> Table:
        """The table of some models over all tasks."""
        return Table(
            passed=self.passed[models],
            samples=self.samples[models],
            rotations=self.rotations,
            panel=self.panel[models],
        )


def table(*, passed: Any, samples: Any, rotations: Any, panel: Any) -> Table:
    """A ``Table`` from anything numpy reads. Raises ``BadInput`` when the parts do not fit."""
    try:
        counts = [np.asarray(part, dtype=np.int64) for part in (passed, samples, rotations)]
        flags = np.asarray(panel, dtype=np.bool_)
    except (TypeError, ValueError):
        raise BadInput("counts are whole numbers in even rows", place="table") from None
    return Table(passed=counts[0], samples=counts[1], rotations=counts[2], panel=flags)


def _check_shapes(table: Table) -> None:
    shape = table.passed.shape
    if len(shape) != 2 or not all(shape) or table.samples.shape != shape:
        raise BadInput("passes and samples are two tables of one shape", place="table")
    if table.rotations.shape != shape[1:] or table.panel.shape != shape[:1]:
        raise BadInput("one rotation per task, one panel flag per model", place="table")
    if (table.rotations < 0).any():
        raise BadInput("rotations are numbered from 0", place="rotations")
    if not table.panel.any():
        raise BadInput("nothing fixes the scale without a panel model", place="panel")
