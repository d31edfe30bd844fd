"""Two models are compared on the same tasks, with the known answers of the literature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.pairs import (
    discordant,
    mcnemar_exact,
    mcnemar_mid_p,
    newcombe,
    paired_difference,
    unpaired_error,
)

A = [1.0] * 52 + [1.0] * 14 + [0.0] * 6 + [0.0] * 28
B = [1.0] * 52 + [0.0] * 14 + [1.0] * 6 + [0.0] * 28


def test_the_paired_error_gives_the_known_answer() -> None:
    difference = paired_difference(A, B)
    assert difference.mean == pytest.approx(0.08, abs=1e-12)
    assert difference.se == pytest.approx(0.0442216638714, abs=1e-9)
    assert unpaired_error(A, B) == pytest.approx(0.0687551650952, abs=1e-9)
    assert discordant(A, B) == (14, 6)


@pytest.mark.parametrize(
    ("b", "c", "exact", "mid"),
    [
        (14, 6, 0.11531829834, 0.0783538818359),
        (18, 5, 0.0106220245361, 0.0066107511520),
        (6, 0, 0.03125, 0.015625),
        (12, 2, 0.012939453125, None),
        (0, 0, 1.0, 1.0),
        (4, 4, 1.0, 1.0),
    ],
)
def test_mcnemar_gives_the_known_answers(b: int, c: int, exact: float, mid: float | None) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(exact, abs=1e-9)
    assert mcnemar_exact(c, b) == mcnemar_exact(b, c)
    if mid is not None:
        assert mcnemar_mid_p(b, c) == pytest.approx(mid, abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mid_p_is_never_above_the_exact_p_and_both_are_probabilities(b: int, c: int) -> None:
    assert 0 <= mcnemar_mid_p(b, c) <= mcnemar_exact(b, c) <= 1


def test_newcombe_gives_the_known_answer() -> None:
    interval = newcombe(62, 100, 41, 100)
    assert interval.low == pytest.approx(0.0715, abs=5e-5)
    assert interval.high == pytest.approx(0.3375, abs=5e-5)


rows = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 3)), min_size=2, max_size=40
).filter(lambda r: len({f for *_, f in r}) > 1)


@given(rows, st.randoms())
def test_order_is_irrelevant_and_the_sign_turns_with_the_models(pairs, random) -> None:  # type: ignore[no-untyped-def]
    def compare(table, swap=False):  # type: ignore[no-untyped-def]
        a, b = [x / 5 for x, _, _ in table], [y / 5 for _, y, _ in table]
        return paired_difference(*((b, a) if swap else (a, b)), families=[f for *_, f in table])

    one, mixed = compare(pairs), compare(random.sample(pairs, len(pairs)))
    turned = compare(pairs, swap=True)
    assert mixed.se == pytest.approx(one.se, abs=1e-12)
    assert mixed.p_value == pytest.approx(one.p_value, abs=1e-9)
    assert turned.mean == pytest.approx(-one.mean)
    assert turned.p_value == pytest.approx(one.p_value, abs=1e-9)
    assert 0 <= one.p_value <= 1
    assert -1 <= one.interval.low <= one.mean + 1e-12
    assert one.mean - 1e-12 <= one.interval.high <= 1


def test_families_widen_the_error_of_a_difference() -> None:
    families = [n // 10 for n in range(100)]
    assert paired_difference(A, B, families=families).se > paired_difference(A, B).se


def test_equal_differences_everywhere_are_judged_by_their_signs() -> None:
    same = paired_difference([1.0] * 10, [0.0] * 10)
    assert (same.mean, same.p_value) == (1.0, 2.0**-9)
    assert paired_difference([0.4] * 10, [0.4] * 10).p_value == 1.0


def test_rows_of_different_length_or_several_samples_are_refused() -> None:
    with pytest.raises(BadInput, match="cannot be paired"):
        paired_difference([1.0, 0.0], [1.0])
    with pytest.raises(BadInput, match="single samples"):
        discordant([0.5], [1.0])
    with pytest.raises(BadInput, match="negative"):
        mcnemar_exact(-1, 3)


def test_the_paired_interval_covers_the_true_difference() -> None:
    generator = np.random.default_rng(7)
    hits = false_alarms = 0
    for _ in range(1000):
        base = generator.beta(2, 2, size=60)
        first = generator.binomial(5, np.clip(base + 0.05, 0, 1)) / 5
        second = generator.binomial(5, base) / 5
        truth = float(np.mean(np.clip(base + 0.05, 0, 1) - base))
        got = paired_difference([float(x) for x in first], [float(x) for x in second])
        hits += got.interval.low <= truth <= got.interval.high
        null = generator.binomial(5, base) / 5
        same = paired_difference([float(x) for x in null], [float(x) for x in second])
        false_alarms += same.p_value < 0.05
    assert 0.93 <= hits / 1000 <= 0.975
    assert 0.025 <= false_alarms / 1000 <= 0.075
