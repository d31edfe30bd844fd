"""``./bench test``: what is taken out of pytest's arguments, and that a bad step is not hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.errors import BadInput
from benchserver.runtime import everything


def test_required_engines_are_taken_out_and_the_rest_is_pytests():
    words = ["--require", "docker,gvisor", "-k", "x", "--require=browser", "tests/core"]
    required, rest = everything.split_required(words)
    assert required == ["docker", "gvisor", "browser"]
    assert rest == ["-k", "x", "tests/core"]


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match="docker, gvisor, browser"):
        everything.split_required(["--require", "podman"])


def test_the_whole_suite_is_spread_over_the_cores_and_a_part_of_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "pytest got: $*"\n')
    python.chmod(0o755)
    monkeypatch.setattr(everything, "steps", lambda python: [])
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("BROKER_URL")
    (tmp_path / "tests").mkdir()
    for whole in ([], ["-k", "signed"]):
        everything.run(tmp_path, python, whole)
        assert "pytest got: -m pytest -n 2 --dist loadfile" in capfd.readouterr().out
    for part in (["tests/"], ["tests::x"], ["--pdb"], ["-n", "1"]):
        everything.run(tmp_path, python, part)
        assert f"pytest got: -m pytest {' '.join(part)}\n" in capfd.readouterr().out


def test_one_core_or_one_database_for_all_is_not_shared_by_several(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("BROKER_URL")
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere")
    assert everything.spread(2) == []
    monkeypatch.delenv("DATABASE_URL")
    assert everything.spread(1) == []
    assert "64" not in everything.spread(64)


@pytest.mark.parametrize(("bad_step", "bad_tests", "status"), [(0, 0, 0), (1, 0, 1), (0, 3, 1)])
def test_any_bad_step_or_test_makes_the_whole_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad_step: int, bad_tests: int, status: int
):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexit {bad_tests}\n")
    python.chmod(0o755)
    steps = [("step", ["/bin/sh", "-c", f"exit {bad_step}"]), ("next", ["/bin/true"])]
    monkeypatch.setattr(everything, "steps", lambda python: steps)
    assert everything.run(tmp_path, python, []) == status


def test_the_output_of_a_bad_step_is_shown_and_that_of_a_good_one_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert not everything._step(tmp_path, "types", ["/bin/sh", "-c", "echo wrong here; exit 1"])
    assert everything._step(tmp_path, "lint", ["/bin/sh", "-c", "echo chatter"])
    shown = capsys.readouterr().out
    assert "wrong here" in shown
    assert "chatter" not in shown
    assert "types" in shown.splitlines()[0]
    assert "BAD" in shown.splitlines()[0]
