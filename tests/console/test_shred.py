"""``shred``: says what would be lost, destroys it only when told to, and says what stays."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from benchserver.audit.models import DataKey
from benchserver.core.errors import BadInput
from tests import arrange

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wired")]
ROOT = Path(__file__).resolve().parents[2]


def answer(*words: str, status: int = 0) -> Any:
    out, left = io.StringIO(), 0
    try:
        call_command("shred", *words, "--json", stdout=out)
    except SystemExit as ended:
        left = int(ended.code or 0)
    assert left == status
    return json.loads(out.getvalue())


def test_nothing_is_destroyed_without_yes():
    evaluation = arrange.started(arrange.board())
    name, before = evaluation.endpoint.slug, DataKey.objects.count()
    preview = answer("endpoint-key", name)
    assert preview["would_destroy"] == {"API key": 1}
    assert DataKey.objects.count() == before
    done = answer("endpoint-key", name, "--yes")
    assert (done["destroyed"], done["already_gone"]) == ({"API key": 1}, 0)
    assert done["files_scrubbed"] is True
    assert all(kept["what"] and kept["why"] for kept in done["kept"])
    assert DataKey.objects.count() == before - 1


def test_what_is_needed_is_refused_with_1_and_the_unknown_with_a_mend():
    stage = arrange.board()
    slug = stage.pool.tasks.first().slug
    refused = answer("task", slug, "--yes", status=1)
    assert refused["refused"] == "still_needed"
    assert "rotation" in refused["reason"]
    for words in (("task", "ta_none"), ("reply", "no-uuid"), ("provider", "nobody")):
        with pytest.raises(BadInput):
            answer(*words)


def test_the_words_on_a_terminal_name_what_stays(capsys: pytest.CaptureFixture[str]):
    evaluation = arrange.started(arrange.board())
    call_command("shred", "endpoint-key", evaluation.endpoint.slug)
    said = capsys.readouterr().out
    assert "nothing was destroyed: add --yes" in said
    assert "stays: the key itself: the provider who issued it must revoke it there" in said


def test_help_has_an_example_and_wrong_usage_ends_with_2():
    for words, status, said in (
        (["--help"], 0, "Example: ./bench shred task ta_7k3m9qpx2v4d --yes"),
        (["everything"], 2, "everything"),
    ):
        command = [sys.executable, "manage.py", "shred", *words]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert ended.returncode == status
        assert said in " ".join((ended.stdout + ended.stderr).split())
