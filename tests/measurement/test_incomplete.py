"""Models are compared on the tasks both have; without holes nothing differs from the plain test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from benchserver.core.errors import BadInput
from benchserver.measurement.incomplete import compare_shared
from benchserver.measurement.pairs import mcnemar_exact, paired_difference

HOLE = math.nan


def test_the_known_pair_has_its_known_error():
    first = [1] * 14 + [0] * 6 + [1] * 40 + [0] * 40
    second = [0] * 14 + [1] * 6 + [1] * 40 + [0] * 40
    found = compare_shared(np.array([first, second], dtype=float))
    assert found.difference[0, 1] == pytest.approx(0.08)
    assert found.se[0, 1] == pytest.approx(0.0442216638714, abs=1e-12)
    assert found.p_value[0, 1] == pytest.approx(0.11531829834, abs=1e-10)


def test_a_task_never_run_is_no_failure():
    rows = np.array([[1, 1, 0, 1, HOLE, HOLE], [HOLE, HOLE, 0, 1, 0, 0]])
    found = compare_shared(rows)
    assert found.tasks[0, 1] == 2
    assert found.difference[0, 1] == 0


def test_models_that_share_nothing_cannot_be_told_apart():
    found = compare_shared(np.array([[1, 1, HOLE, HOLE], [HOLE, HOLE, 0, 0]]))
    assert found.tasks[0, 1] == 0
    assert math.isnan(found.difference[0, 1])
    assert found.p_value[0, 1] == 1


def test_a_constant_lead_is_judged_by_the_number_of_families():
    rows = np.array([[0.5] * 8, [0.25] * 8])
    labels = [1, 1, 2, 2, 3, 3, 4, 4]
    assert compare_shared(rows, families=labels).p_value[0, 1] == pytest.approx(0.125)


tables = arrays.arrays(
    float,
    st.tuples(st.integers(2, 5), st.integers(6, 14)),
    elements=st.sampled_from([0, 0.2, 0.4, 1.0]),
)


@given(tables, st.lists(st.integers(0, 3), min_size=14, max_size=14))
@settings(max_examples=60, deadline=None)
def test_without_holes_it_is_the_plain_paired_test(table, labels):
    families = labels[: table.shape[1]]
    if len(set(families)) < 2:
        families[0] = 9
    found = compare_shared(table, families=families)
    for a in range(len(table)):
        for b in range(len(table)):
            plain = paired_difference(table[a].tolist(), table[b].tolist(), families=families)
            assert found.difference[a, b] == pytest.approx(plain.mean, abs=1e-9)
            assert found.se[a, b] == pytest.approx(plain.se, abs=1e-7)
            if plain.se > 1e-6 or plain.se < 1e-12:
                assert found.p_value[a, b] == pytest.approx(plain.p_value, abs=1e-6)


@given(tables, st.data())
@settings(max_examples=60, deadline=None)
def test_holes_leave_the_test_on_what_is_shared(table, data):
    holes = data.draw(arrays.arrays(bool, table.shape))
    families = [data.draw(st.integers(0, 6)) for _ in range(table.shape[1])]
    rows = np.where(holes, HOLE, table)
    both = ~holes[0] & ~holes[1]
    found = compare_shared(rows, families=families)
    labels = [label for label, shared in zip(families, both, strict=True) if shared]
    assert found.clusters[0, 1] == len(set(labels))
    if len(set(labels)) > 1:
        first, second = table[0, both].tolist(), table[1, both].tolist()
        plain = paired_difference(first, second, families=labels)
        assert found.difference[0, 1] == pytest.approx(plain.mean, abs=1e-9)
        assert found.se[0, 1] == pytest.approx(plain.se, abs=1e-7)


@given(arrays.arrays(float, (3, 12), elements=st.sampled_from([0.0, 1.0, HOLE])))
@settings(max_examples=60, deadline=None)
def test_single_samples_are_tested_exactly(rows):
    found = compare_shared(rows)
    both = ~np.isnan(rows[0]) & ~np.isnan(rows[1])
    b = int(((rows[0] == 1) & (rows[1] == 0) & both).sum())
    c = int(((rows[0] == 0) & (rows[1] == 1) & both).sum())
    if both.sum() > 1:
        assert found.p_value[0, 1] == pytest.approx(mcnemar_exact(b, c), abs=1e-12)
        assert found.p_value[0, 1] == found.p_value[1, 0]


def test_a_score_above_one_is_refused():
    with pytest.raises(BadInput, match="outside 0 to 1"):
        compare_shared(np.array([[0.5, 1.5], [0, 1]]))


def test_labels_must_fit_the_tasks():
    with pytest.raises(BadInput, match="1 labels for 2 tasks"):
        compare_shared(np.array([[0.5, 1.0], [0, 1]]), families=["one"])
