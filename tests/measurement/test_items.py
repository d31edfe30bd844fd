"""A task is judged by how it agrees with the others, never with itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchserver.core.errors import BadInput
from benchserver.measurement.items import (
    analyse,
    critical_correlation,
    item_rest,
    jeffreys,
    reliability,
    top_less_bottom,
)

# The only table of 8 models x 6 tasks, up to names and sides, that has all the printed figures
# (searched through all 61,523,748).
EIGHT = ("100000", "100010", "100110", "100110", "111101", "111101", "101011", "101111")
TABLE = [[float(c) for c in row] for row in EIGHT]

binary = arrays(
    np.float64,
    st.tuples(st.integers(3, 9), st.integers(2, 7)),
    elements=st.sampled_from([0.0, 1.0]),
)


def test_eight_models_on_six_tasks_give_the_printed_figures() -> None:
    found = analyse(TABLE)
    rests = [item.item_rest for item in found.items]
    assert rests[0] is None, "nobody failed it: it agrees with nothing"
    assert rests[1:] == pytest.approx([0.361158, 0.75, 0.359864, -0.399227, 0.75], abs=1e-6)
    assert found.kr20 == pytest.approx(0.50625, abs=1e-9)
    assert found.sem == pytest.approx(0.99373, abs=5e-6)
    assert found.critical == pytest.approx(0.62, abs=5e-3)
    assert found.models == 8


@pytest.mark.parametrize(("models", "value"), [(8, 0.62), (15, 0.44), (30, 0.31)])
def test_a_correlation_over_few_models_must_be_large_to_mean_anything(
    models: int, value: float
) -> None:
    assert critical_correlation(models) == pytest.approx(value, abs=5e-3)


def test_no_critical_value_is_made_up_for_two_models() -> None:
    assert analyse(TABLE[:2]).critical is None
    with pytest.raises(BadInput):
        critical_correlation(2)


def test_a_task_nobody_passed_has_a_difficulty() -> None:
    mean, interval = jeffreys(0, 8)
    assert mean == pytest.approx(0.0556, abs=5e-5)
    assert (interval.low, interval.high) == pytest.approx((0.00006, 0.262), abs=5e-4)
    assert interval.low > 0
    with pytest.raises(BadInput):
        jeffreys(3, 2)


def test_the_task_itself_is_not_in_what_it_is_compared_with() -> None:
    """Two tasks that have nothing in common look related when each is part of the total."""
    table = [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    assert item_rest(table) == pytest.approx([0.0, 0.0])


def test_able_models_failing_what_weak_ones_pass_is_negative() -> None:
    table = [[0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]
    rest = item_rest(table)[0]
    assert rest is not None
    assert rest < -0.8
    assert top_less_bottom(table)[0] == -1.0


def test_models_that_tie_at_the_edge_of_a_group_share_its_place() -> None:
    table = [[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    assert top_less_bottom(table)[0] == 0.0  # two tie at the top: one passes, one does not


@pytest.mark.parametrize("table", [[], [[]], [[1.0], [1.0, 0.0]], [[1.5]], [[float("nan")]]])
def test_what_is_no_table_of_scores_is_refused(table: list[list[float]]) -> None:
    with pytest.raises(BadInput):
        analyse(table)


@given(binary)
def test_the_order_of_models_and_tasks_changes_nothing(table: np.ndarray) -> None:
    rows = np.random.default_rng(1).permutation(len(table))
    columns = np.random.default_rng(2).permutation(table.shape[1])
    one, other = analyse(table.tolist()), analyse(table[np.ix_(rows, columns)].tolist())
    for place, column in enumerate(columns):
        before, after = one.items[column], other.items[place]
        assert after.item_rest == pytest.approx(before.item_rest, abs=1e-9)
        assert after.top_less_bottom == pytest.approx(before.top_less_bottom, abs=1e-9)
    assert one.kr20 == pytest.approx(other.kr20, abs=1e-9)


@given(binary)
def test_item_rest_is_the_correlation_with_the_sum_of_the_others(table: np.ndarray) -> None:
    for column, found in enumerate(item_rest(table.tolist())):
        own, rest = table[:, column], np.delete(table, column, axis=1).sum(axis=1)
        if own.std() < 1e-9 or rest.std() < 1e-9:
            assert found is None
        else:
            assert found == pytest.approx(np.corrcoef(own, rest)[0, 1], abs=1e-9)


@given(binary)
def test_counting_failures_instead_of_passes_changes_no_agreement(table: np.ndarray) -> None:
    assert item_rest((1 - table).tolist()) == pytest.approx(item_rest(table.tolist()), abs=1e-9)
    assert reliability((1 - table).tolist()) == pytest.approx(reliability(table.tolist()), abs=1e-9)
