"""Numbers read the way people write them, and never say more than was measured."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.website import figures

MICRO = st.integers(1, 10**13)


@pytest.mark.parametrize(
    ("e4", "text"),
    [(7083, "70.8"), (7085, "70.9"), (0, "0.0"), (10_000, "100.0"), (-60, "−0.6"), (-4, "0.0")],
)
def test_a_score_has_one_decimal_and_a_real_minus_sign(e4: int, text: str) -> None:
    assert figures.points(e4) == text


@given(st.integers(-10_000, 10_000))
def test_a_score_in_words_is_within_half_a_tenth(e4: int) -> None:
    read = float(figures.points(e4).replace("−", "-"))
    assert abs(read * 100 - e4) <= 5.001


@pytest.mark.parametrize(("e4", "text"), [(120, "+1.2"), (-2300, "−23.0"), (0, "0.0"), (3, "0.0")])
def test_a_difference_always_shows_its_sign(e4: int, text: str) -> None:
    assert figures.signed(e4) == text


def test_an_even_interval_is_plus_minus_and_an_uneven_one_its_two_ends() -> None:
    assert figures.spread(7083, low=5122, high=9045) == "±19.6"
    assert figures.spread(9500, low=8000, high=10_000) == "80.0–100.0"
    assert figures.spread(-100, low=-2300, high=400) == "−23.0 to 4.0"


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (0, "$0"),
        (1, "$0.000001"),
        (1700, "$0.0017"),
        (81_000, "$0.081"),
        (300_000, "$0.30"),
        (994_999, "$0.99"),
        (996_000, "$1.00"),
        (3_204_999, "$3.20"),
        (1_234_567_890, "$1,234.57"),
    ],
)
def test_money_keeps_two_figures_below_a_dollar_and_cents_above(micro: int, text: str) -> None:
    assert figures.money(micro) == text


@given(MICRO)
def test_money_in_words_is_within_five_percent_and_never_free(micro: int) -> None:
    read = float(figures.money(micro).replace("$", "").replace(",", ""))
    assert read > 0
    assert abs(read * 1_000_000 - micro) <= 0.055 * micro


@given(MICRO, MICRO)
def test_money_keeps_its_order(one: int, other: int) -> None:
    def read(micro: int) -> float:
        return float(figures.money(micro).replace("$", "").replace(",", ""))

    if one < other:
        assert read(one) <= read(other)


@pytest.mark.parametrize(("e4", "text"), [(0, "0%"), (3, "<1%"), (3800, "38%"), (10_000, "100%")])
def test_a_trace_is_not_rounded_to_nothing(e4: int, text: str) -> None:
    assert figures.percent(e4) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(40, "40 seconds"), (60, "1 minute"), (7300, "2 hours"), (6 * 86_400 + 9, "6 days")],
)
def test_a_span_names_its_largest_unit(seconds: int, text: str) -> None:
    assert figures.elapsed(seconds) == text


@pytest.mark.parametrize(
    ("n", "noun", "text"),
    [(1, "task", "1 task"), (24, "task", "24 tasks"), (2, "day", "2 days"), (3, "try", "3 tries")],
)
def test_nouns_follow_their_number(n: int, noun: str, text: str) -> None:
    assert figures.plural(n, noun) == text


def test_times_are_told_in_utc() -> None:
    assert figures.clock("2026-11-24T03:00:00Z") == "24 Nov 2026, 03:00 UTC"
    assert figures.clock("2026-11-24T01:30:00-05:00") == "24 Nov 2026, 06:30 UTC"
    assert figures.day("2026-10-02") == "2 Oct 2026"
    assert figures.day("") == "unknown"


@given(st.text(max_size=200))
def test_cleaned_text_cannot_reorder_or_hide_its_surroundings(text: str) -> None:
    cleaned = figures.clean(text)
    assert cleaned
    assert not re.search("[\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", cleaned)


def test_a_name_of_only_invisible_letters_still_has_a_name() -> None:
    assert figures.clean("\u202e\u200b \n") == "unnamed"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0.00 s"), (850, "0.85 s"), (4_230, "4.2 s"), (36_400, "36 s"), (120_000, "2 min")],
)
def test_waiting_reads_in_as_many_figures_as_needed(milliseconds: int, text: str) -> None:
    assert figures.seconds(milliseconds) == text
