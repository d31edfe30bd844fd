"""Each sign asks for what it is documented to ask, at its threshold and not below it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.measurement.asks import Ask, Signs, asks, unfit

CALM = Signs(runs=30, models=12, share=0.5, panel=8, item_rest=0.3, critical=0.62, drift=0.5)


def words(signs: Signs) -> list[str]:
    return [asked.what.value for asked in asks(signs)]


def test_an_ordinary_task_asks_for_nothing() -> None:
    assert asks(CALM) == ()
    assert asks(Signs()) == ()
    assert unfit(CALM) == ""


@pytest.mark.parametrize(
    ("sign", "asked"),
    [
        ({"flips": 1}, ["quarantine"]),
        ({"leaked": True}, ["retire"]),
        ({"worn": "10 providers met it (limit 10)"}, ["retire"]),
        ({"share": 0.951}, ["retire"]),
        ({"share": 0.95}, []),
        ({"share": 0.019}, ["retire"]),
        ({"share": 0.02}, []),
        ({"share": 1.0, "models": 9}, []),
        ({"drift": -3.1}, ["retire"]),
        ({"drift": 3.0}, []),
        ({"item_rest": -0.63}, ["review"]),
        ({"item_rest": -0.62}, []),
        ({"item_rest": -0.9, "panel": 5}, []),
        ({"surprise": 4.0}, ["review"]),
        ({"surprise": 3.99}, []),
        ({"unlike": 1}, ["review"]),
        ({"unlike": 1, "leaked": True, "flips": 2}, ["quarantine", "retire", "review"]),
    ],
)
def test_every_sign_has_its_threshold(sign: dict[str, object], asked: list[str]) -> None:
    assert words(replace(CALM, **sign)) == asked  # type: ignore[arg-type]


def test_a_look_alone_never_takes_a_task_out() -> None:
    """Never drop a task after seeing which model benefits: a person decides, with a reason."""
    assert unfit(replace(CALM, item_rest=-0.9, surprise=9.0, unlike=3)) == ""


def test_the_reason_that_is_stored_has_no_figures_of_results() -> None:
    assert unfit(replace(CALM, share=0.98)) == "nearly every model passes it"
    assert unfit(replace(CALM, flips=1)) == "its reference does not always pass"
    assert unfit(replace(CALM, worn="10 providers met it (limit 10)")) == ""


@given(st.integers(0, 20), st.floats(0, 1), st.floats(-1, 1), st.integers(0, 3))
def test_entrants_alone_never_ask_for_a_look_at_a_correlation(
    models: int, share: float, rest: float, flips: int
) -> None:
    signs = Signs(models=models, share=share, item_rest=rest, critical=0.3, flips=flips, runs=9)
    assert all(asked.what is not Ask.REVIEW for asked in asks(signs))
