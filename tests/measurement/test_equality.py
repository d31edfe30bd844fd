"""Two samples of replies: known answers, and that the test errs as seldom as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.equality import (
    border_test,
    equality_test,
    total_variation,
)

Replies = list[tuple[int, ...]]
SAMPLES = st.lists(st.lists(st.integers(0, 3), max_size=5), min_size=2, max_size=6)


def sample(random: np.random.Generator, *, prompts: int, replies: int, shift: float) -> dict:
    """Replies of 8 tokens, the first ones drawn from a distribution that ``shift`` moves."""
    weights = np.array([0.6 - shift, 0.3, 0.1 + shift])
    return {
        prompt: [tuple(random.choice(3, size=8, p=weights)) for _ in range(replies)]
        for prompt in range(prompts)
    }


def hamming(first: tuple[int, ...], second: tuple[int, ...]) -> int:
    """The kernel, from its definition: places at which both have the same number."""
    return sum(a == b for a, b in zip(first, second, strict=False))


def mmd_squared(first: Replies, second: Replies) -> float:
    """The statistic of a single prompt."""
    return equality_test({0: first}, {0: second}, permutations=1).statistic


def test_equal_places_are_counted_and_a_longer_reply_gains_nothing() -> None:
    both = [(1, 2, 3), (1, 2)]
    # each side agrees with itself in 2 places, with the other in 3, 2, 2 and 2 of them
    assert mmd_squared(both, both) == pytest.approx(2 + 2 - 2 * (3 + 2 + 2 + 2) / 4)


def test_mmd_gives_the_answers_of_a_hand_calculation() -> None:
    # k(x1,x2)=1, k(y1,y2)=0; across 2, 0, 1, 1: mean 1 -> 1 + 0 - 2
    assert mmd_squared([(1, 1), (1, 2)], [(1, 1), (2, 2)]) == pytest.approx(-1.0)
    # each side agrees with itself in 2 places and with the other in none: 2 + 2 - 0
    assert mmd_squared([(1, 1), (1, 1)], [(2, 2), (2, 2)]) == pytest.approx(4.0)
    # three against two: inside (1+0+1)/3 and 2, across (1+1+0+0+1+1)/6
    first = [(1, 2), (1, 3), (3, 2)]
    inside = (1 + 1 + 0) / 3
    assert mmd_squared(first, [(1, 4), (1, 4)]) == pytest.approx(inside + 2 - 2 * (4 / 6))


@given(SAMPLES, SAMPLES)
def test_mmd_is_the_same_from_both_sides_and_for_any_order(first: list, second: list) -> None:
    value = mmd_squared(first, second)
    assert mmd_squared(second, first) == pytest.approx(value)
    assert mmd_squared(first[::-1], second) == pytest.approx(value)


@given(SAMPLES, SAMPLES)
def test_mmd_agrees_with_its_definition(first: list, second: list) -> None:
    def mean(pairs: list) -> float:
        return sum(hamming(a, b) for a, b in pairs) / len(pairs)

    def inside(xs: list) -> float:
        return mean([(a, b) for i, a in enumerate(xs) for j, b in enumerate(xs) if i != j])

    across = mean([(a, b) for a in first for b in second])
    if any(first) or any(second):
        expected = inside(first) + inside(second) - 2 * across
        assert mmd_squared(first, second) == pytest.approx(expected)


def test_the_same_answer_every_time_is_no_difference() -> None:
    always = {"a": [(1, 2, 3)] * 4, "b": [()] * 4}
    result = equality_test(always, always)
    assert (result.statistic, result.p_value, result.prompts) == (0.0, 1.0, 2)


def test_another_answer_every_time_is_the_smallest_p_the_shuffles_can_give() -> None:
    first = {n: [(1, 1)] * 4 for n in range(6)}
    second = {n: [(2, 2)] * 4 for n in range(6)}
    assert equality_test(first, second).p_value == pytest.approx(1 / 1000)


def rejections(*, shift: float, rounds: int, alpha: float) -> float:
    random = np.random.default_rng(7)
    hits = 0
    for round in range(rounds):
        before = sample(random, prompts=4, replies=6, shift=0.0)
        after = sample(random, prompts=4, replies=6, shift=shift)
        result = equality_test(before, after, permutations=99, seed=round)
        hits += result.p_value <= alpha
    return hits / rounds


def test_the_same_model_is_suspected_no_more_often_than_alpha() -> None:
    # 120 rounds at .05: mean 6, sd 2.4; 15 is more than three above it
    assert rejections(shift=0.0, rounds=120, alpha=0.05) <= 0.125


def test_another_model_is_noticed_and_a_larger_change_more_often() -> None:
    small, large = (rejections(shift=s, rounds=30, alpha=0.05) for s in (0.15, 0.5))
    assert small < large
    assert large >= 0.95


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_p_value_is_a_share_and_the_seed_decides_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    first = sample(random, prompts=2, replies=3, shift=0.0)
    second = sample(random, prompts=2, replies=3, shift=0.2)
    one, two = (equality_test(first, second, permutations=49, seed=seed) for _ in range(2))
    assert one == two
    assert 1 / 50 <= one.p_value <= 1


def counts(**tokens: int) -> list[str]:
    return [token for token, n in tokens.items() for _ in range(n)]


def test_border_inputs_give_the_known_answers() -> None:
    reference = {n: counts(a=50, b=50) for n in range(3)}
    same_day = {0: counts(a=58, b=42), 1: counts(a=60, b=40), 2: counts(a=65, b=35)}
    assert [round(total_variation(reference[n], same_day[n]), 12) for n in range(3)] == [
        0.08,
        0.10,
        0.15,
    ]
    assert border_test(reference, same_day, permutations=9).statistic == pytest.approx(0.11)
    changed = {0: counts(c=90, a=10), 1: counts(c=60, a=20, b=20), 2: counts(c=70, a=15, b=15)}
    result = border_test(reference, changed)
    assert result.statistic == pytest.approx((0.9 + 0.6 + 0.7) / 3)
    assert result.p_value == pytest.approx(1 / 1000)


def test_too_few_replies_and_no_common_prompt_are_refused() -> None:
    with pytest.raises(BadInput):
        equality_test({"a": [(1,)]}, {"a": [(1,), (2,)]})
    with pytest.raises(BadInput):
        border_test({"a": ["x", "y"]}, {"b": ["x", "y"]})
    with pytest.raises(BadInput):
        mmd_squared([(1,)], [(1,)])
