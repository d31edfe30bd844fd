"""What was not seen in a few runs may still be there, and how often is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.flakiness import (
    any_of,
    corrected_score,
    majority_of,
    mutants_killed,
    observed_score,
    rate_bound,
    runs_needed,
)
from benchserver.measurement.means import wilson

shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("runs", "bound", "places"),
    [(10, 0.259, 5e-4), (30, 0.095, 5e-4), (59, 0.0495, 5e-5), (299, 0.00997, 5e-6)],
)
def test_no_flip_in_so_many_runs_bounds_the_rate(runs: int, bound: float, places: float) -> None:
    assert rate_bound(runs) == pytest.approx(bound, abs=places)
    assert rate_bound(runs) == pytest.approx(1 - 0.05 ** (1 / runs), abs=1e-9)


def test_sixty_rejected_wrong_programs_allow_fewer_false_accepts_than_thirty() -> None:
    assert rate_bound(30) == pytest.approx(0.095, abs=5e-4)
    assert rate_bound(60) == pytest.approx(0.049, abs=5e-4)


@given(st.integers(1, 400), st.integers(0, 400))
def test_the_bound_falls_with_runs_and_rises_with_flips(runs: int, flips: int) -> None:
    flips = min(flips, runs)
    assert flips / runs <= rate_bound(runs, flips) <= 1
    assert rate_bound(runs + 1, flips) <= rate_bound(runs, flips)
    if flips < runs:
        assert rate_bound(runs, flips) <= rate_bound(runs, flips + 1)


@given(st.integers(1, 60), st.integers(0, 59))
def test_a_rate_at_the_bound_gives_so_few_flips_in_one_of_twenty(runs: int, flips: int) -> None:
    from scipy.stats import binom

    if flips < runs:
        assert binom.cdf(flips, runs, rate_bound(runs, flips)) == pytest.approx(0.05, abs=1e-7)


@pytest.mark.parametrize(("rate", "runs"), [(0.05, 59), (0.01, 299)])
def test_so_many_runs_are_needed(rate: float, runs: int) -> None:
    assert runs_needed(rate) == runs
    assert rate_bound(runs) <= rate < rate_bound(runs - 1)


def test_running_again_until_it_passes_pays_wrong_answers() -> None:
    assert any_of(0.20, 3) == pytest.approx(0.488, abs=1e-9)
    assert majority_of(0.20, 3) == pytest.approx(0.104, abs=1e-9)


@given(shares, st.integers(1, 9))
def test_retries_never_lower_a_rate_and_majorities_sharpen_it(rate: float, tries: int) -> None:
    assert any_of(rate, tries) >= rate - 1e-12
    odd = 2 * tries - 1
    toward = majority_of(rate, odd)
    assert toward <= rate + 1e-12 if rate <= 0.5 else toward >= rate - 1e-12


def test_a_judge_that_errs_moves_the_score_and_is_undone() -> None:
    assert observed_score(0.5, false_accept=0.1, false_reject=0.05) == pytest.approx(0.525)
    assert corrected_score(0.525, false_accept=0.1, false_reject=0.05) == pytest.approx(0.5)


@given(shares, st.floats(0, 0.45), st.floats(0, 0.45))
def test_correcting_what_was_observed_gives_the_score_back(p: float, fa: float, fr: float) -> None:
    seen = observed_score(p, false_accept=fa, false_reject=fr)
    assert corrected_score(seen, false_accept=fa, false_reject=fr) == pytest.approx(p, abs=1e-9)


def test_a_score_that_such_a_judge_cannot_give_is_refused_and_not_cut() -> None:
    with pytest.raises(BadInput):
        corrected_score(0.05, false_accept=0.1, false_reject=0.0)
    with pytest.raises(BadInput):
        corrected_score(0.5, false_accept=0.6, false_reject=0.4)


def test_twenty_mutants_are_too_few_to_trust_ninety_per_cent() -> None:
    few = mutants_killed(18, 20)
    assert few.share == pytest.approx(0.90)
    assert (few.low, wilson(18, 20).high) == pytest.approx((0.699, 0.972), abs=5e-4)
    assert not few.enough
    assert mutants_killed(46, 50).enough
    assert not few.too_few
    assert not mutants_killed(12, 25).too_few  # the upper end is .67
    assert mutants_killed(16, 50).too_few  # .46
    assert mutants_killed(18, 22, equivalent=2).share == pytest.approx(0.90)


@pytest.mark.parametrize("call", [(21, 20, 0), (-1, 20, 0), (0, 0, 0), (1, 2, 2)])
def test_counts_that_cannot_be_are_refused(call: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput):
        mutants_killed(call[0], call[1], equivalent=call[2])
    with pytest.raises(BadInput):
        rate_bound(0)
    with pytest.raises(BadInput):
        majority_of(0.2, 2)
