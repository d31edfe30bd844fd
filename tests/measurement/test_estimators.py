"""Every name in the table of estimators leads to a function that says what it is."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from benchserver.core.errors import BadInput
from benchserver.measurement.estimators import ESTIMATORS, Estimator, by_id, label

ALL = [pytest.param(e, id=e.id) for e in ESTIMATORS.values()]


def function_of(estimator: Estimator) -> Any:
    module, name = estimator.function.split(":")
    return getattr(importlib.import_module(f"benchserver.{module}"), name)


def test_a_label_is_the_id_and_the_version() -> None:
    assert label("task-mean") == "task-mean@1"


def test_a_name_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(BadInput, match="guesswork"):
        label("guesswork")


def test_two_estimators_never_share_an_id() -> None:
    one = ESTIMATORS["task-mean"]
    with pytest.raises(BadInput, match="task-mean"):
        by_id([one, one])


@pytest.mark.parametrize("estimator", ALL)
def test_every_named_function_exists(estimator: Estimator) -> None:
    assert callable(function_of(estimator))


@pytest.mark.parametrize("estimator", ALL)
def test_the_function_names_its_source_and_a_known_answer(estimator: Estimator) -> None:
    text = function_of(estimator).__doc__ or ""
    years = re.findall(r"\b(?:1[5-9]|20)\d\d\b", estimator.source)
    assert years, "a source has a year"
    assert years[-1] in text or years[0] in text, "the docstring names the same source"
    assert re.search(r"known answer", text, re.IGNORECASE), "the docstring gives a known answer"


@pytest.mark.parametrize("estimator", ALL)
def test_the_line_is_complete(estimator: Estimator) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", estimator.id)
    assert estimator.version >= 1
    assert all((estimator.title, estimator.source, estimator.known_answer))
