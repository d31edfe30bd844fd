"""The right of reply: nothing to see before one is asked, one answer, in API and on the page."""

from __future__ import annotations

import pytest

from benchserver.audit.models import Event
from benchserver.evaluations import evidence
from benchserver.evaluations.models import EvidenceRecord
from tests.portal.conftest import Tenant

pytestmark = pytest.mark.django_db

FOUND = {"source": "canaries", "effect_e4": 10_000, "p_e6": 1, "grade": "A"}


@pytest.fixture
def noticed(acme: Tenant) -> EvidenceRecord:
    return EvidenceRecord.objects.create(
        evaluation=acme.evaluation,
        state="noticed",
        grade="A",
        findings=[{"test": "foreign-salt@1", **FOUND}],
        family=1,
        alarm_e6=500,
    )


@pytest.fixture
def asked(noticed: EvidenceRecord) -> EvidenceRecord:
    return evidence.ask(evaluation=noticed.evaluation, by="admin", days=14)


def address(acme: Tenant) -> str:
    return f"evaluations/{acme.evaluation.slug}/evidence/"


def test_nothing_is_seen_before_one_is_asked(acme: Tenant, noticed: EvidenceRecord) -> None:
    assert acme.api().get(address(acme)).status_code == 404
    assert acme.api().post(address(acme), {"text": "No."}).status_code == 404
    page = acme.browser().get(f"/portal/evaluations/{acme.evaluation.slug}/").content.decode()
    assert "memory" not in page
    assert "evidence" not in acme.api().get("events/").content.decode()


def test_the_api_says_what_was_found_until_when_and_takes_one_answer(
    acme: Tenant, asked: EvidenceRecord
) -> None:
    told = acme.api().get(address(acme)).json()
    assert (told["state"], told["grade"], told["may_answer"]) == ("awaiting", "A", True)
    assert "secret number" in told["words"]
    assert told["reply_by"].startswith(f"{asked.reply_by:%Y-%m-%d}")
    answer = acme.api().post(address(acme), {"text": "Our logs were stolen."})
    assert (answer.status_code, answer.json()["reply"]) == (200, "Our logs were stolen.")
    again = acme.api().post(address(acme), {"text": "Another thing."})
    assert (again.status_code, again.json()["code"]) == (409, "bad_state")
    verbs = set(Event.objects.filter(provider="acme").values_list("verb", flat=True))
    assert {"evidence.awaiting", "evidence.answered"} <= verbs


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
def test_an_answer_is_one_to_two_thousand_characters(
    acme: Tenant, asked: EvidenceRecord, text: str
) -> None:
    assert acme.api().post(address(acme), {"text": text}).status_code == 400
    asked.refresh_from_db()
    assert asked.state == "awaiting"


def test_the_page_has_the_sentence_the_deadline_and_a_form(
    acme: Tenant, asked: EvidenceRecord
) -> None:
    browser, url = acme.browser(), f"/portal/evaluations/{acme.evaluation.slug}/"
    page = browser.get(url).content.decode()
    assert "Nothing is published before your answer" in page
    assert f"{asked.reply_by:%Y}" in page
    done = browser.post(url + "evidence/", {"text": "<b>We</b> did not."}, follow=True)
    assert "&lt;b&gt;We&lt;/b&gt; did not." in done.content.decode()
    assert "textarea" not in done.content.decode()
