"""Has a board run out of room: when its best models can no longer be told from perfect.

Example: 147 of 150 leaves 1.75 standard errors above the best model, so nobody can be seen to be
better: an alarm. 140 of 150 leaves 3.27 and is fine. The answer to an alarm is harder tasks, not
a finer ranking of noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchserver.core.errors import BadInput
from benchserver.measurement.means import wilson_of

WILSON_HIGH = 0.97
HEADROOM = 2.0  # standard errors
TIED = 3  # best models in one tie group ...
ROTATIONS = 2  # ... for so many rotations in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """``headroom``: standard errors between the best score and 1; 0 at 1, None if unknown.

    ``reasons``: why the alarm, as plain phrases; empty when there is none.
    """

    high: float
    headroom: float | None
    reasons: tuple[str, ...]

    @property
    def alarm(self) -> bool:
        return bool(self.reasons)


def saturation(top: float, *, se: float, tasks: int, top_tied: Sequence[bool] = ()) -> Saturation:
    """Is the board full (the stated rule of docs/statistics.md, 2026; Wilson 1927).

    ``top``: the best model's score; ``se``: its error; ``tasks``: independent ones (families);
    ``top_tied``: per rotation, newest first, whether its three best models were one tie group.
    Known answers: 147/150 high .993 and headroom 1.75, alarm; 140/150 headroom 3.27, none.
    """
    if not 0 <= top <= 1 or se < 0 or tasks < 1:
        raise BadInput(f"score {top} with error {se} on {tasks} tasks", place="saturation")
    high, headroom = wilson_of(top, tasks, 0.95).high, _headroom(top, se)
    tied = len(top_tied) >= ROTATIONS and all(top_tied[:ROTATIONS])
    found = (
        (high >= WILSON_HIGH, f"the best model may be at {high:.1%}"),
        (
            headroom is not None and headroom < HEADROOM,
            f"only {headroom or 0:.1f} standard errors are left above the best model",
        ),
        (tied, f"the best {TIED} models were one tie group for {ROTATIONS} rotations"),
    )
    return Saturation(high=high, headroom=headroom, reasons=tuple(w for held, w in found if held))


def _headroom(top: float, se: float) -> float | None:
    if math.isclose(top, 1):
        return 0.0
    return (1 - top) / se if se > 0 else None
