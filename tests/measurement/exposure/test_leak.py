"""What a leak would be worth, at every guess of how likely it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.exposure.leak import (
    exposures_allowed,
    gain,
    leaked_share,
    share_worth_one_error,
)


@pytest.mark.parametrize(
    ("rate", "exposures", "leaked", "points"),
    [(0.01, 2, 0.0199, 1.0), (0.01, 10, 0.0956, 4.8), (0.05, 1, 0.05, 2.5)],
)
def test_the_printed_what_ifs(rate: float, exposures: int, leaked: float, points: float) -> None:
    assert leaked_share(rate, exposures) == pytest.approx(leaked, abs=5e-5)
    assert 100 * gain(rate, exposures, score=0.5) == pytest.approx(points, abs=0.05)


@pytest.mark.parametrize(
    ("most", "rate", "allowed"),
    [(0.01, 0.01, 2), (0.01, 0.05, 0), (0.05, 0.01, 10), (0.05, 0.05, 2)],
)
def test_so_many_exposures_are_worth_so_few_points(most: float, rate: float, allowed: int) -> None:
    assert exposures_allowed(rate, score=0.5, most=most) == allowed


def test_a_leak_of_a_twelfth_of_the_form_is_one_standard_error() -> None:
    assert share_worth_one_error(0.5, 150) == pytest.approx(0.082, abs=5e-4)


@given(st.floats(0.001, 0.9), st.floats(0, 0.95), st.floats(0.001, 0.5))
def test_the_allowed_number_is_the_last_that_stays_below(
    rate: float, score: float, most: float
) -> None:
    allowed = exposures_allowed(rate, score=score, most=most)
    if allowed is None:
        assert gain(rate, 10_000, score=score) <= most + 1e-9
    else:
        assert gain(rate, allowed, score=score) <= most + 1e-7
        assert gain(rate, allowed + 1, score=score) > most - 1e-7


@given(st.floats(0, 1), st.integers(0, 50))
def test_more_exposures_never_leak_less(rate: float, exposures: int) -> None:
    assert 0 <= leaked_share(rate, exposures) <= leaked_share(rate, exposures + 1) <= 1


def test_what_cannot_be_is_refused() -> None:
    for call in (
        lambda: leaked_share(1.1, 1),
        lambda: leaked_share(0.1, -1),
        lambda: gain(0.1, 1, score=2),
        lambda: share_worth_one_error(1.0, 10),
        lambda: exposures_allowed(0.1, score=0.5, most=-1),
    ):
        with pytest.raises(BadInput):
            call()
