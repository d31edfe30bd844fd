"""Turning signs: exact where it can be counted, and stricter than the raw test by what is tried."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.incomplete import compare_shared
from benchserver.measurement.pairs import mcnemar_exact
from benchserver.measurement.resampling import cutoff, max_t, statistics

Table = npt.NDArray[np.float64]


def monte_carlo(p: float, draws: int) -> float:
    """Four standard errors of a share of draws, and the draw that Phipson and Smyth add."""
    return 4 * float(np.sqrt(p * (1 - p) / draws)) + 1 / draws


@pytest.mark.parametrize(("both", "first", "second"), [(0, 10, 0), (5, 14, 6), (5, 4, 4)])
def test_of_two_models_it_is_mcnemars_test(both: int, first: int, second: int) -> None:
    a = [1.0] * (both + first) + [0.0] * second
    b = [1.0] * both + [0.0] * first + [1.0] * second
    exact = mcnemar_exact(first, second)
    found = max_t(np.array([a, b]), draws=20_000)[0, 1]
    assert found == pytest.approx(exact, abs=monte_carlo(exact, 20_000))


def counted(table: Table) -> Table:
    """Step-down p-values over all sign patterns, written out with loops."""
    models, tasks = table.shape
    pairs = [(a, b) for a in range(models) for b in range(a + 1, models)]

    def statistic(signs: tuple[int, ...], pair: tuple[int, int]) -> float:
        d = table[pair[0]] - table[pair[1]]
        return abs(float(d @ signs)) / float((d @ d) ** 0.5) if d @ d else 0.0

    plain = {pair: statistic((1,) * tasks, pair) for pair in pairs}
    left = sorted(pairs, key=lambda pair: -plain[pair])
    found, before = np.ones((models, models)), 0.0
    patterns = list(product((-1, 1), repeat=tasks))
    while left:
        pair = left[0]
        largest = [max(statistic(signs, other) for other in left) for signs in patterns]
        before = max(before, float(np.mean([value >= plain[pair] - 1e-9 for value in largest])))
        found[pair] = found[pair[::-1]] = before
        left = left[1:]
    return found


def test_step_by_step_it_is_what_all_sign_patterns_give() -> None:
    generator = np.random.default_rng(5)
    table = generator.integers(0, 6, size=(4, 9)) / 5
    table[0] = np.minimum(1, table[0] + 0.6)
    expected, found = counted(table), max_t(table, draws=20_000)
    assert np.abs(found - expected).max() <= monte_carlo(0.5, 20_000)
    assert expected.min() < 0.05 < 0.15 < np.median(expected), "both ends were tried"


tables = st.tuples(st.integers(2, 5), st.integers(3, 25), st.integers(0, 10_000))


@settings(max_examples=40)
@given(tables)
def test_names_places_and_labels_decide_nothing(shape: tuple[int, int, int]) -> None:
    models, tasks, seed = shape
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 6, size=(models, tasks)) / 5
    table[:, 0] += np.linspace(0, 0.0005, models)  # no two models have the same total
    table = np.minimum(table, 1)
    families = generator.integers(0, 6, size=tasks)
    rows, columns = generator.permutation(models), generator.permutation(tasks)
    found = max_t(table, families=families.tolist(), draws=200)
    renamed = [f"family {9 - label}" for label in families[columns]]
    again = max_t(table[rows][:, columns], families=renamed, draws=200)
    assert np.allclose(again, found[rows][:, rows], atol=1e-12)


@settings(max_examples=40)
@given(tables)
def test_it_is_a_probability_symmetric_and_of_one_on_the_diagonal(
    shape: tuple[int, int, int],
) -> None:
    models, tasks, seed = shape
    table = np.random.default_rng(seed).integers(0, 2, size=(models, tasks)).astype(float)
    found = max_t(table, draws=100)
    assert ((found > 0) & (found <= 1)).all()
    assert (found == found.T).all()
    assert (np.diag(found) == 1).all()


def test_equal_models_are_never_told_apart() -> None:
    row = np.array([1.0, 0.0, 1.0, 1.0])
    assert (max_t(np.array([row, row, row]), draws=50) == 1).all()


def test_copies_of_a_model_cost_nothing_unlike_with_holm() -> None:
    """Twenty copies of one model are one question, not twenty."""
    generator = np.random.default_rng(6)
    good = generator.binomial(1, 0.75, size=80).astype(float)
    poor = generator.binomial(1, 0.55, size=80).astype(float)
    raw = compare_shared(np.array([good, poor])).p_value[0, 1]
    crowd = max_t(np.array([good, *[poor] * 20]), draws=5_000)
    assert crowd[0, 1] == pytest.approx(raw, abs=monte_carlo(raw, 5_000))


def test_holes_and_no_draws_are_refused() -> None:
    with pytest.raises(BadInput, match="full table"):
        max_t(np.array([[1.0, np.nan], [0.0, 1.0]]))
    with pytest.raises(BadInput, match="full table"):
        max_t(np.array([[1.0, 0.0], [0.0, 1.0]]), draws=0)


def test_ten_equal_differences_are_the_root_of_ten_apart() -> None:
    found = statistics(np.array([[1.0] * 10, [0.0] * 10, [1.0] * 10]))
    assert found[0, 1] == pytest.approx(np.sqrt(10))
    assert (np.diag(found) == 0).all()
    assert found[0, 2] == 0


def test_between_two_models_the_cutoff_is_the_normal_one() -> None:
    halves = np.array([[1.0, 0.0] * 200, [0.0, 1.0] * 200])
    assert cutoff(halves, draws=20_000) == pytest.approx(1.96, abs=0.1)  # it comes in steps of .1


@pytest.mark.parametrize("seed", range(4))
def test_what_reaches_the_cutoff_is_what_is_significant(seed: int) -> None:
    generator, rates = np.random.default_rng(seed), np.linspace(0.3, 0.7, 8)[:, None]
    table = generator.binomial(5, rates, (8, 80)) / 5
    pairs = np.triu_indices(8, 1)
    found, significant = statistics(table)[pairs], max_t(table)[pairs] <= 0.05
    least = cutoff(table)
    assert 0 < significant.sum() < len(significant)
    assert found[significant].min() > 0.98 * least
    assert found[~significant].max() < 1.02 * least
