"""Adjusted p-values: never below the raw ones, in the same order, whatever order they come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchserver.core.errors import BadInput
from benchserver.measurement.multiplicity import benjamini_hochberg, holm

Adjust = Callable[[Sequence[float]], list[float]]
BOTH = pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
p_values = st.lists(st.floats(0, 1), max_size=20)


def test_both_give_the_textbook_answers() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


@BOTH
def test_no_tests_are_no_answers_and_no_probability_is_refused(adjust: Adjust) -> None:
    assert adjust([]) == []
    for wrong in (1.1, -0.1, float("nan")):
        with pytest.raises(BadInput, match="outside 0 to 1"):
            adjust([0.5, wrong])


@BOTH
@given(p_values, st.randoms())
def test_adjusting_never_lowers_keeps_order_and_ignores_the_order_given(adjust, ps, random) -> None:  # type: ignore[no-untyped-def]
    adjusted = adjust(ps)
    assert all(p <= q + 1e-15 and q <= 1 for p, q in zip(ps, adjusted, strict=True))
    by_p = sorted(zip(ps, adjusted, strict=True))
    assert [q for _, q in by_p] == sorted(adjusted)
    shuffled = random.sample(range(len(ps)), len(ps))
    again = adjust([ps[i] for i in shuffled])
    assert again == pytest.approx([adjusted[i] for i in shuffled])


@given(p_values)
def test_false_discovery_is_never_stricter_than_holm(ps: list[float]) -> None:
    assert all(b <= h + 1e-12 for b, h in zip(benjamini_hochberg(ps), holm(ps), strict=True))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_false_discovery_is_the_librarys(ps: list[float]) -> None:
    assert benjamini_hochberg(ps) == pytest.approx(list(stats.false_discovery_control(ps)))
