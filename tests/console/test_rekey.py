"""``rekey``: what it answers, and how it refuses."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from benchserver import wiring
from benchserver.audit.keys import keep
from benchserver.audit.models import DataKey
from benchserver.engines.vault.base import Context, Right
from benchserver.engines.vault.keyring import ensure_keys
from tests.factories import Files
from tests.wired import clear_wiring

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
HERE = Context(table="t", row="1", field="f")


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Path, wired: None) -> None:
    ensure_keys(tmp_path / "own")
    for name, path in Files(tmp_path / "own").settings().items():
        setattr(settings, name, path)
    clear_wiring()


def seal() -> str:
    return keep(wiring.sealer().seal(Right.EXECUTE, {HERE: b"x"})[0])


def answer(*words: str, status: int = 0) -> Any:
    out, left = io.StringIO(), 0
    try:
        call_command("rekey", *words, "--right", "execute", "--json", stdout=out)
    except SystemExit as ended:
        left = int(ended.code or 0)
    assert left == status
    return json.loads(out.getvalue())


def test_one_word_does_all_of_it():
    seal(), seal()
    old = wiring.sealer().key_id(Right.EXECUTE)
    done = answer("run")
    assert (done["rewrapped"], done["refused"], done["under_old_pairs"]) == (2, {}, 0)
    assert done["retired"] == [old]
    assert done["data_keys"] == {done["new"]: 2}
    assert done["active"] == done["new"] != old


def test_each_step_alone_and_the_count_beside_it():
    seal()
    new = answer("new")["new"]
    assert answer("status")["under_old_pairs"] == 1
    assert answer("retire", status=1)["refused"] == "still_needed"
    assert answer("rewrap")["rewrapped"] == 1
    assert len(answer("retire")["retired"]) == 1
    assert answer("status")["data_keys"] == {new: 1}
    assert answer("retire")["retired"] == []


def test_a_data_key_that_cannot_be_opened_keeps_the_old_pair_alive():
    seal()
    DataKey.objects.filter(pk=seal()).update(wrapped=b"nonsense")
    done = answer("run", status=1)
    assert (done["rewrapped"], done["refused"]) == (1, {"wrapped_key_altered": 1})
    assert done["under_old_pairs"] == 1
    assert "retired" not in done


def test_help_has_an_example_and_wrong_usage_ends_with_2():
    for words, status, said in (
        (["--help"], 0, "Example: ./bench rekey run --right execute"),
        (["run"], 2, "--right"),
        (["run", "--right", "other"], 2, "other"),
    ):
        command = [sys.executable, "manage.py", "rekey", *words]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert ended.returncode == status
        assert said in " ".join((ended.stdout + ended.stderr).split())
