"""Whether an evaluation that lacks verdicts may be ranked: only few may be missing, at closing.

A reply withheld by the provider and one lost by us look alike, so what is missing is scored as not
passed and never leaves the denominator (D11). Example: of 750 attempts 15 may lack a verdict; with
16 the model is shown without a rank, and while the rotation is open one missing is enough.
"""

from __future__ import annotations

from benchserver.core.errors import BadInput

MISSING_ALLOWED_E4 = 200  # 2 %


def enough_verdicts(*, judged: int, total: int, closed: bool) -> bool:
    """Raises ``BadInput`` unless 0 <= judged <= total and there is an attempt."""
    if not 0 <= judged <= total or total < 1:
        raise BadInput(f"{judged} verdicts of {total} attempts", place="completeness")
    missing = total - judged
    return not missing or (closed and missing * 10_000 <= MISSING_ALLOWED_E4 * total)
