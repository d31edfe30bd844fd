"""Which tasks changed their difficulty from one rotation to the next, while the others did not.

The differences of all common tasks are compared with their own middle, so a harder rotation or
abler models move none of them. Example: -.2 -.1 -.3 -.1 -1.1 logits: the fifth task is 6 robust
deviations below the others and has probably leaked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchserver.core.errors import BadInput

FEWEST = 4  # tasks in common: below it their spread says nothing
_NORMAL_IQR = 0.74  # times the interquartile range is the deviation of normal differences


def robust_z(differences: Sequence[float]) -> list[float] | None:
    """z_j = (d_j - median) / (0.74 IQR) (Huynh and Meyer 2010). None without spread or with < 4.

    Known answer: -.2 -.1 -.3 -.1 -1.1 give 0, .676, -.676, .676, -6.081. Raises ``BadInput`` for a
    difference that is not finite.
    """
    d = np.asarray(differences, dtype=np.float64)
    if not np.isfinite(d).all():
        raise BadInput("a difference is not finite", place="drift")
    if len(d) < FEWEST:
        return None
    low, middle, high = np.percentile(d, (25, 50, 75))
    spread = _NORMAL_IQR * float(high - low)
    if spread < 1e-9:
        return None
    return [float(z) for z in (d - middle) / spread]
