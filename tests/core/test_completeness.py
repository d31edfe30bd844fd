"""What is missing is scored as not passed, and only little may be missing, at closing."""

from __future__ import annotations

import pytest

from benchserver.core.completeness import enough_verdicts
from benchserver.core.errors import BadInput


@pytest.mark.parametrize(
    ("judged", "closed", "enough"),
    [(750, False, True), (749, False, False), (735, True, True), (734, True, False), (0, True, 0)],
)
def test_two_percent_may_be_missing_once_the_rotation_has_closed(
    judged: int, closed: bool, enough: bool
) -> None:
    assert enough_verdicts(judged=judged, total=750, closed=closed) is bool(enough)


@pytest.mark.parametrize(("judged", "total"), [(-1, 5), (6, 5), (0, 0)])
def test_counts_that_cannot_be_are_refused(judged: int, total: int) -> None:
    with pytest.raises(BadInput):
        enough_verdicts(judged=judged, total=total, closed=True)
