"""What published integers settle, and how fast an owner learns which of its answers passed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.disclosure import Cell
from benchserver.core.errors import BadInput
from benchserver.core.spans import leverages
from benchserver.measurement.leakage import Fact, read, settled


def fact(numbers, low: int, high: int | None = None, samples: int = 1) -> Fact:
    return Fact(frozenset(f"t{n}" for n in numbers), low, low if high is None else high, samples)


@pytest.mark.parametrize(
    ("facts", "known"),
    [
        ([], set()),
        ([fact(range(3), 2), fact(range(2), 1)], {"t2"}),
        ([fact(range(4), 3, 4)], set()),
        ([fact(range(4), 4)], {"t0", "t1", "t2", "t3"}),
        ([fact(range(4), 0)], {"t0", "t1", "t2", "t3"}),
        ([fact(range(6), 4), fact(range(5), 4, 5)], {"t5"}),
        # no sum of sets is a single task, yet the whole numbers leave one table only
        ([fact([0, 1], 1), fact([1, 2], 1), fact([0, 2], 2)], {"t0", "t1", "t2"}),
        ([fact(range(2), 6, samples=3), fact([5, 6], 3, samples=3)], {"t0", "t1"}),
    ],
)
def test_a_task_is_settled_when_every_table_that_fits_agrees(facts, known) -> None:
    assert settled(facts) == known


def test_numbers_that_no_table_fits_are_refused() -> None:
    with pytest.raises(BadInput, match="no table"):
        settled([fact(range(3), 3), fact(range(2), 1)])
    with pytest.raises(BadInput, match="samples per task"):
        settled([fact(range(3), 1), fact(range(2), 1, samples=2)])


def test_a_band_is_read_as_a_band() -> None:
    tasks = frozenset(f"t{n}" for n in range(20))
    assert read(Cell("c", tasks, 20, 20)) == Fact(tasks, 17, 20)
    assert read(Cell("c", tasks, 1, 20)) == Fact(tasks, 0, 3)
    assert read(Cell("c", tasks, 50, 100)) == Fact(tasks, 50, 50, 5)
    assert not settled([read(Cell("c", tasks, 20, 20))])


SETS = st.lists(st.frozensets(st.integers(0, 6), min_size=1), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(SETS, st.lists(st.integers(0, 2), min_size=7, max_size=7), st.integers(1, 2), st.data())
def test_what_is_settled_is_what_trying_all_tables_finds(sets, table, samples, data) -> None:
    table = [min(x, samples) for x in table]
    facts = []
    for members in sets:
        count, slack = sum(table[n] for n in members), data.draw(st.integers(0, 1))
        facts.append(fact(members, count - min(slack, count), count + slack, samples))
    met = sorted(frozenset().union(*sets))
    tables = [
        dict(zip(met, candidate, strict=True))
        for candidate in product(range(samples + 1), repeat=len(met))
    ]
    fit = [
        t
        for t in tables
        if all(f.low <= sum(t[n] for n in s) <= f.high for f, s in zip(facts, sets, strict=True))
    ]
    assert settled(facts) == {f"t{n}" for n in met if len({t[n] for t in fit}) == 1}


@settings(deadline=None, max_examples=40)
@given(SETS, st.lists(st.integers(0, 1), min_size=7, max_size=7))
def test_a_task_with_leverage_one_is_settled_whatever_the_results_are(sets, table) -> None:
    facts = [fact(s, sum(table[n] for n in s)) for s in sets]
    pinned = {t for t, h in leverages(f.tasks for f in facts).items() if h == 1}
    assert pinned <= settled(facts)


def recovered(*, submissions: int, step: float = 0, noise: float = 0, boards: int = 20):
    """Share of an owner's 100 verdicts that least squares finds when random halves of its answers
    are spoilt on purpose; and that share's Monte-Carlo error."""
    rng = np.random.default_rng(submissions)
    shares = []
    for _ in range(boards):
        results = rng.integers(0, 2, 100).astype(float)
        meant = rng.integers(0, 2, (submissions, 100)).astype(float)
        means = meant @ results / 100
        means = np.round(means / step) * step if step else means
        means = means + rng.laplace(0, noise, submissions) if noise else means
        guess, *_ = np.linalg.lstsq(meant, means * 100, rcond=None)
        shares.append(((guess > 0.5) == results).mean())
    return float(np.mean(shares)), float(np.std(shares)) / boards**0.5


@pytest.mark.parametrize(  # integrity.md 3.4
    ("setting", "share"),
    [
        ({"submissions": 100}, 1.0),
        ({"submissions": 20}, 0.68),
        ({"submissions": 100, "step": 0.05}, 0.57),
        ({"submissions": 300, "step": 0.05}, 0.99),
        ({"submissions": 300, "step": 0.05, "noise": 0.01}, 0.96),
    ],
)
def test_rounding_and_noise_delay_an_owner_that_may_ask_often_and_do_not_stop_it(setting, share):
    found, error = recovered(**setting)
    assert found == pytest.approx(share, abs=4 * error + 0.005)  # the note prints whole per cents


def test_the_two_evaluations_that_are_allowed_tell_an_owner_next_to_nothing() -> None:
    found, error = recovered(submissions=2)
    assert found < 0.58 + 4 * error
