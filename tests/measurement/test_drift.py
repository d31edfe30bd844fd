"""A task that moved against the others stands out; a rotation that is harder does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.drift import robust_z


def test_the_fifth_task_moved() -> None:
    z = robust_z([-0.2, -0.1, -0.3, -0.1, -1.1])
    assert z == pytest.approx([0, 0.676, -0.676, 0.676, -6.081], abs=5e-4)


@given(st.lists(st.floats(-4, 4), min_size=4, max_size=30), st.floats(-3, 3))
def test_a_harder_rotation_moves_no_task(found: list[float], shift: float) -> None:
    before, after = robust_z(found), robust_z([d + shift for d in found])
    if before is not None and after is not None and max(map(abs, before)) < 1e4:
        assert after == pytest.approx(before, abs=1e-3, rel=1e-3)


def test_few_tasks_or_no_spread_say_nothing() -> None:
    assert robust_z([0.1, 0.2, 5.0]) is None
    assert robust_z([0.1] * 9) is None
    with pytest.raises(BadInput):
        robust_z([float("nan")] * 4)
