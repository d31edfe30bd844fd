"""What sums over sets tell of few tasks, on sets of every shape."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.spans import components, follows, leverages, tells_of_few

SET = st.frozensets(st.integers(0, 9), min_size=1)
SETS = st.lists(SET, min_size=1, max_size=6)


def named(numbers) -> frozenset[str]:
    return frozenset(f"t{n}" for n in numbers)


def matrix(sets) -> np.ndarray:
    return np.array([[float(j in s) for j in range(10)] for s in sets])


def test_a_combination_of_weights_tells_of_few_where_no_difference_does() -> None:
    # twice {0..3} less {0,1,4,5} and {2,3,4,5} is minus twice the sum over tasks 4 and 5
    sets = [named(range(4)), named([0, 1, 4, 5]), named([2, 3, 4, 5])]
    assert tells_of_few(sets, under=3)
    assert not tells_of_few(sets, under=2)


def test_sets_that_meet_only_through_others_are_looked_at_together() -> None:
    a, b, c, d = named([0, 1]), named([1, 2]), named([2, 3]), named([5])
    assert sorted(len(part) for part in components([a, c, b, d, a])) == [1, 3]


@settings(deadline=None, max_examples=60)
@given(SETS, st.integers(2, 6))
def test_few_is_what_the_rank_of_the_rest_says(sets, under) -> None:
    """Some combination vanishes outside S exactly when the rows lose rank outside S."""
    rows = matrix(sets)
    rank = np.linalg.matrix_rank(rows)
    few = any(
        np.linalg.matrix_rank(np.delete(rows, list(inside), axis=1)) < rank
        for inside in combinations(range(10), under - 1)
    )
    assert tells_of_few([named(s) for s in sets], under=under) == few


@settings(deadline=None, max_examples=60)
@given(SETS, SET, st.integers(2, 6))
def test_another_set_never_makes_less_known(sets, more, under) -> None:
    before, after = [named(s) for s in sets], [named(s) for s in [*sets, more]]
    old, new = leverages(before), leverages(after)
    assert all(new[task] >= h for task, h in old.items())
    assert tells_of_few(after, under=under) or not tells_of_few(before, under=under)


@settings(deadline=None, max_examples=60)
@given(SETS, st.permutations(range(10)), st.randoms())
def test_neither_order_nor_names_matter(sets, renamed, random) -> None:
    shuffled = list(sets)
    random.shuffle(shuffled)
    other = leverages([named(renamed[n] for n in s) for s in shuffled])
    assert other == {f"t{renamed[int(t[1:])]}": h for t, h in leverages(map(named, sets)).items()}


@settings(deadline=None, max_examples=60)
@given(SETS, SET)
def test_a_sum_follows_when_it_adds_nothing_to_the_rank(sets, target) -> None:
    more = np.linalg.matrix_rank(matrix([*sets, target])) > np.linalg.matrix_rank(matrix(sets))
    assert follows(named(target), [named(s) for s in sets]) == (not more)


def test_a_year_of_disjoint_forms_costs_no_more_than_its_forms() -> None:
    forms = [named(range(300 * n, 300 * n + 300)) for n in range(26)]
    assert set(leverages(forms).values()) == {Fraction(1, 300)}


def test_what_is_too_entangled_to_search_counts_as_telling() -> None:
    rng = np.random.default_rng(3)
    sets = [named(np.flatnonzero(rng.integers(0, 2, 60))) for _ in range(26)]
    assert tells_of_few(sets, under=20)
