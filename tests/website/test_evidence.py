"""The accusation is rare and careful: a quiet pill, or a sentence with the answer beside it."""

from __future__ import annotations

from django.test import Client

from benchserver.website.board import evidence_of
from tests.website.conftest import Publish
from tests.website.factory import snapshot

MARK = {
    "grade": "BB",
    "words": "Signs that this model met tasks before: it <b>passed</b> what cannot be solved.",
    "reply": "We <i>did</i> not.",
    "tests": ["canary-passes@1", "regurgitation@1"],
    "alarm_e6": 501,
}


def test_an_old_snapshot_says_nothing_and_a_clean_one_has_no_words() -> None:
    assert evidence_of(None) is None
    clean = evidence_of({**MARK, "grade": "", "words": "", "reply": "", "tests": []})
    assert clean is not None
    assert (clean.words, clean.reply) == ("", "")


def test_the_false_alarm_rate_is_told_in_percent() -> None:
    found = evidence_of(MARK)
    assert found is not None
    assert found.alarm == "0.05 %"


def test_the_board_has_a_loud_pill_that_leads_to_the_sentence_and_the_answer(
    client: Client, publish: Publish
) -> None:
    body = snapshot(3)
    first, second = body["rows"][:2]
    first["evidence"] = MARK
    second["evidence"] = {**MARK, "grade": "", "words": "", "reply": "", "tests": []}
    publish(body)
    page = client.get("/").content.decode()
    assert page.count(">signs of memory</a>") == 1
    assert page.count(">no evidence</a>") == 1
    there = client.get(f"/models/{first['model']['slug']}/").content.decode()
    assert there.count('id="evidence"') == 1
    assert "it &lt;b&gt;passed&lt;/b&gt; what cannot be solved" in there
    assert "We &lt;i&gt;did&lt;/i&gt; not." in there
