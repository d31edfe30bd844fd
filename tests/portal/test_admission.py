"""The provider asks for admission, watches it, and reads each fault with its cause and mend."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.evaluations.models import Wake
from benchserver.providers.models import AdmissionReport, Endpoint
from tests.portal.conftest import Tenant

pytestmark = pytest.mark.django_db
FINDINGS = [
    {
        "check": "key",
        "level": "fault",
        "code": "unauthorized",
        "says": "The key is refused (401).",
        "cause": "The key is wrong, expired or revoked.",
        "mend": "Give a valid key.",
        "figures": {"status": 401},
    }
]
SLOWER = [
    {**FINDINGS[0], "check": "ramp", "level": "warning", "figures": {"max_concurrency": 2}},
    {**FINDINGS[0], "check": "limits", "level": "warning", "figures": {"max_rps": 0.9}},
]


def report(tenant: Tenant, **fields: Any) -> None:
    AdmissionReport.objects.filter(endpoint=tenant.endpoint).update(**fields)


def path(tenant: Tenant) -> str:
    return f"endpoints/{tenant.endpoint.slug}/admission/"


def test_a_new_endpoint_is_visited_without_being_asked_for(acme: Tenant) -> None:
    body = {
        "name": "second",
        "model_slug": acme.model.slug,
        "protocol": "openai_chat",
        "base_url": "https://second.example.org/v1",
        "model": "m",
        "api_key": "sk-second",
    }
    made = acme.api().post("endpoints/", body).json()
    assert made["state"] == "awaiting"
    row = Endpoint.objects.get(slug=made["id"])
    assert Wake.objects.filter(step="admit", target=str(row.pk)).exists()
    told = acme.api().get(f"endpoints/{made['id']}/admission/").json()
    assert (told["state"], told["cause"], told["findings"]) == ("asked", "new", [])
    assert "free worker" in told["says"]


def test_a_visit_is_asked_for_once_however_often_one_asks(acme: Tenant) -> None:
    first = acme.api().post(path(acme))
    assert (first.status_code, first.json()["state"]) == (202, "asked")
    assert acme.api().post(path(acme)).json()["asked_at"] == first.json()["asked_at"]
    assert AdmissionReport.objects.filter(state="asked").count() == 1


def test_a_fault_is_told_with_cause_and_mend_in_the_api_and_on_the_page(acme: Tenant) -> None:
    report(acme, state="failed", findings=FINDINGS)
    told = acme.api().get(path(acme)).json()
    assert told["says"] == "Not admitted. The key is refused (401)."
    asks = "Is the key good for a real completion?"
    assert told["findings"] == [{"asks": asks, **FINDINGS[0]}]
    page = acme.browser().get(f"/portal/{path(acme)}")
    text = page.content.decode()
    for words in (asks, FINDINGS[0]["says"], FINDINGS[0]["cause"], FINDINGS[0]["mend"]):
        assert words in text
    assert "Refresh" not in page.headers


def test_a_running_visit_is_shown_live(acme: Tenant) -> None:
    report(acme, state="running", findings=FINDINGS)
    page = acme.browser().get(f"/portal/{path(acme)}")
    assert page.headers["Refresh"] == "3"
    assert "Asking now: 1 of 19 questions are answered" in page.content.decode()


def test_a_proposal_is_made_only_below_the_providers_own_numbers(acme: Tenant) -> None:
    report(acme, findings=SLOWER)
    assert acme.api().get(path(acme)).json()["proposal"] == {"max_concurrency": 2, "max_rps": 0.9}
    text = acme.browser().get(f"/portal/{path(acme)}").content.decode()
    assert "at most 2 calls at a time, at most 0.9 calls a second" in text
    Endpoint.objects.update(max_concurrency=1, max_rps="0.50")
    assert acme.api().get(path(acme)).json()["proposal"] == {}


def test_the_page_asks_again(acme: Tenant) -> None:
    answer = acme.browser().post(f"/portal/{path(acme)}ask/", follow=True)
    assert "Waiting for a free worker" in answer.content.decode()
    assert AdmissionReport.objects.filter(state="asked", cause="asked").exists()


def test_an_endpoint_that_was_never_visited_says_so(acme: Tenant) -> None:
    AdmissionReport.objects.all().delete()
    assert acme.api().get(path(acme)).status_code == 404
    assert "not visited yet" in acme.browser().get(f"/portal/{path(acme)}").content.decode()
