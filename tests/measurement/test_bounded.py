"""The error that leaves about a hidden score does not tell which tasks of a family agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.bounded import clusters_may_be_told, largest_error, told_score
from benchserver.measurement.means import mean_score

TOY = [1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1]
ONE_PAIR = [0, 0, *range(1, 23)]
AGREE = [1, 1, *[1, 0] * 5, *[0] * 6, *[1] * 5, 0]
DIFFER = [1, 0, *[1, 0] * 5, *[0] * 6, *[1] * 6]
PAIRS = [n // 2 for n in range(24)]

tables = st.integers(2, 40).flatmap(
    lambda tasks: st.tuples(
        st.lists(st.integers(0, 3), min_size=tasks, max_size=tasks),
        st.lists(st.integers(0, 12), min_size=tasks, max_size=tasks).filter(
            lambda labels: len(set(labels)) > 1
        ),
        st.randoms(use_true_random=False),
    )
)


def test_the_bound_gives_the_known_answers() -> None:
    toy = told_score(TOY, 1, families=[n // 3 for n in range(12)])
    assert toy.se == pytest.approx(0.272165526976, abs=1e-9)
    assert toy.method == "bound"
    assert (toy.interval.low, toy.interval.high) == (0.0, 1.0)
    for row in (AGREE, DIFFER):
        assert largest_error([*map(float, row)], families=ONE_PAIR) == pytest.approx(
            0.108617052719, abs=1e-9
        )


def test_whether_one_pair_agrees_is_seen_in_a_clustered_error_and_not_in_the_told_one() -> None:
    assert sum(AGREE) == sum(DIFFER) == 12
    exact = [mean_score([*map(float, row)], families=ONE_PAIR).se for row in (AGREE, DIFFER)]
    assert round(exact[0], 4) != round(exact[1], 4), "else there is nothing to hide"
    assert told_score(AGREE, 1, families=ONE_PAIR) == told_score(DIFFER, 1, families=ONE_PAIR)


@given(tables)
def test_no_order_of_the_same_results_has_a_larger_error(table: tuple) -> None:
    counts, families, order = table
    values = [count / 3 for count in counts]
    most = largest_error(values, families=families)
    assert mean_score(values, families=families).se <= most + 1e-12
    order.shuffle(values)
    assert mean_score(values, families=families).se <= most + 1e-12
    assert largest_error(values, families=families) == pytest.approx(most, abs=1e-12)


@given(tables)
def test_below_twenty_shared_tasks_the_order_of_the_results_decides_nothing(table: tuple) -> None:
    counts, families, order = table
    sizes = [families.count(label) for label in families]
    if not 0 < sum(size > 1 for size in sizes) < 20:
        return
    first = told_score(counts, 3, families=families)
    order.shuffle(counts)
    assert told_score(counts, 3, families=families).se == pytest.approx(first.se, abs=1e-12)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=40))
def test_without_shared_families_the_bound_is_the_error(counts: list[int]) -> None:
    values = [count / 3 for count in counts]
    assert largest_error(values) == pytest.approx(mean_score(values).se, abs=1e-12)
    assert told_score(counts, 3) == mean_score(values)


def test_many_pairs_of_which_some_agree_have_their_clustered_error() -> None:
    half = [1, 1, 0, 1] * 6
    assert clusters_may_be_told(half, 1, families=PAIRS)
    assert told_score(half, 1, families=PAIRS) == mean_score([*map(float, half)], families=PAIRS)


@pytest.mark.parametrize("agreeing", [0, 1, 11, 12])
def test_pairs_that_nearly_all_agree_or_nearly_all_differ_have_the_bound(agreeing: int) -> None:
    row = [1, 1, 0, 0] * 6
    row[2 * agreeing :] = [1, 0] * (12 - agreeing)
    assert not clusters_may_be_told(row, 1, families=PAIRS)


def test_a_few_tasks_of_another_family_size_are_not_weighed() -> None:
    families = [*PAIRS, 99, 99, 99]
    assert not clusters_may_be_told([1, 1, 0, 1] * 6 + [1, 0, 1], 1, families=families)
    alone = [*PAIRS, *range(100, 119)]
    assert not clusters_may_be_told([1, 1, 0, 1] * 6 + [1, 0] * 9 + [1], 1, families=alone)
    enough = [*alone, 119]
    assert clusters_may_be_told([1, 1, 0, 1] * 6 + [1, 0] * 10, 1, families=enough)


def test_a_family_size_that_was_passed_whole_is_not_weighed() -> None:
    families = [*PAIRS, *range(100, 124)]
    passed = [1, 1, 0, 1] * 6 + [1] * 24
    assert not clusters_may_be_told(passed, 1, families=families)


def test_one_family_has_no_error() -> None:
    with pytest.raises(BadInput, match="two families"):
        largest_error([0.0, 1.0], families=["a", "a"])
