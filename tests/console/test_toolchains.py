"""Compilers are made ready once, by name, and what fails is said and stops nothing."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver import wiring
from benchserver.console import toolchains
from benchserver.console.management.commands import doctor
from benchserver.console.measuring.compiling import measure_compiling
from benchserver.core.errors import MissingPart
from benchserver.engines.judges import toolchains as proofs
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.conftest import sandbox  # noqa: F401
from tests.engines.languages.needed import require


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No box is started: which languages would have been prepared."""
    prepared: list[str] = []

    def prepare(language: Any, box: Any) -> None:
        if language.name == "go":
            raise MissingPart("Go: its cache cannot be made", mend="apt install golang-go")
        prepared.append(language.name)

    monkeypatch.setattr(toolchains, "is_stale", lambda language: language.name in ("cpp", "go"))
    monkeypatch.setattr(toolchains, "prepare", prepare)
    monkeypatch.setattr(toolchains, "make_base", lambda: None)
    monkeypatch.setattr(toolchains, "open_sandbox", lambda name: _Nothing())
    return prepared


class _Nothing:
    def close(self) -> None:
        pass


def test_only_what_is_stale_is_made_and_a_failure_stops_nothing(engine: list[str]) -> None:
    said: list[str] = []
    made = toolchains.prepare_toolchains(said.append)
    assert engine == ["cpp"]
    assert made["cpp"] == ""
    assert "cannot be made" in made["go"]
    assert any("Go is not prepared" in line for line in said)


def test_where_all_is_current_nothing_is_said_and_no_box_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(toolchains, "is_stale", lambda language: False)
    monkeypatch.setattr(toolchains, "open_sandbox", pytest.fail)
    assert toolchains.prepare_toolchains(pytest.fail) == {}


def test_containers_bring_their_own_caches(
    engine: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "sandbox_name", lambda: "docker")
    assert toolchains.prepare_toolchains(pytest.fail) == {}


def test_doctor_has_a_line_per_language_and_only_python_must_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def prove(language: Any, box: Any) -> str:
        if language.name in ("python", "bash"):
            return f"{language.title} 1.0"
        raise MissingPart(f"{language.title}: hello does not run", mend=language.install)

    monkeypatch.setattr(proofs, "prove", prove)
    monkeypatch.setattr(
        "benchserver.engines.sandbox.registry.open_sandbox", lambda name: _Nothing()
    )
    found = {each.name.removeprefix("language: "): each for each in doctor.probe_languages()}
    assert found.keys() == {language.title for language in LANGUAGES.values()}
    assert found["bash"].ok
    assert "apt install golang-go" in doctor._line(found["Go"])
    assert [name for name, each in found.items() if each.mandatory] == ["Python"]


def test_compiling_is_measured_in_a_box_beside_the_same_line_outside(
    sandbox: Sandbox,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require("c", sandbox)
    monkeypatch.setattr(
        "benchserver.console.measuring.compiling._OUTSIDE",
        {"c": ("main.c", "gcc -o main {source}"), "rust": ("main.rs", "false")},
    )
    found = measure_compiling(sandbox, rounds=1)
    assert set(found) == {"c"}  # what does not build outside is left out
    assert found["c"]["ratio"] == pytest.approx(
        found["c"]["box_seconds"] / found["c"]["outside_seconds"], rel=0.1
    )
