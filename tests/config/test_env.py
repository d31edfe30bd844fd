"""Typed readers: a wrong value is one clear error that names the variable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchserver.config import env
from benchserver.core.errors import BadInput


@pytest.fixture(autouse=True)
def own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names read here are not the service's."""
    monkeypatch.setattr(env, "SEEN", set())


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (lambda: env.env_int("X", 20), "25", 25),
        (lambda: env.env_int("X", 20), "", 20),
        (lambda: env.env_bool("X", default=True), "off", False),
        (lambda: env.env_bool("X", default=False), "YES", True),
        (lambda: env.env_bool("X", default=True), "", True),
        (lambda: env.env_list("X", ("a",)), "b, c,", ["b", "c"]),
        (lambda: env.env_list("X", ("a",)), "", ["a"]),
        (lambda: env.env_path("X"), "/k", Path("/k")),
        (lambda: env.env_path("X"), "", None),
        (lambda: env.env_choice("X", ("auto", "one")), "one", "one"),
        (lambda: env.env_choice("X", ("auto", "one")), "", "auto"),
    ],
)
def test_a_value_is_read_and_an_empty_one_means_the_default(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], Any], text: str, value: Any
):
    monkeypatch.setenv("X", text)
    assert read() == value
    assert {"X"} == env.SEEN


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda: env.env_int("X", 20), "many"),
        (lambda: env.env_int("X", 20), "2.5"),
        (lambda: env.env_bool("X", default=True), "perhaps"),
        (lambda: env.env_choice("X", ("auto", "one")), "two"),
    ],
)
def test_a_wrong_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], Any], text: str
):
    monkeypatch.setenv("X", text)
    with pytest.raises(BadInput, match=r"^X: "):
        read()


def test_a_text_that_is_set_and_empty_means_the_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("X", "")
    assert env.env_str("X", "default") == "default"
    monkeypatch.delenv("X")
    assert env.env_str("X", "default") == "default"
