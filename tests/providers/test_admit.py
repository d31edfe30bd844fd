"""Nothing hidden leaves before admission; who degrades is paused; a visit survives its worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models.functions import Now

from benchserver import wiring
from benchserver.audit.models import Event
from benchserver.core.errors import NotAllowed
from benchserver.core.ids import new_id
from benchserver.engines.endpoints.admission.probing import Circumstances
from benchserver.engines.vault.opener import HpkeOpener
from benchserver.pools.rotate import database_now
from benchserver.providers import admit, queries, register
from benchserver.providers.models import AdmissionReport, Endpoint
from tests import factories
from tests.engines.endpoints.admission.rogue import Fault, Rogue, Said

pytestmark = pytest.mark.django_db
KEY = "key-of-the-test"
SMALL = Circumstances(max_tokens=1024, deadline_seconds=10.0, max_concurrency=2)


def awaiting(server: Rogue) -> Endpoint:
    url = f"http://127.0.0.1:{server.port}/v1"
    return factories.endpoint(factories.provider(), url, model="the-model", awaiting=True)


def engines(opener: Any = None) -> admit.Engines:
    return admit.Engines(
        client=wiring.listening_endpoint,
        opener=opener or wiring.opener(),
        circumstances=lambda _: SMALL,
    )


def visited(endpoint: Endpoint, *, cause: str = "new") -> AdmissionReport:
    admit.ask(endpoint=endpoint, cause=cause, by="test")
    report = admit.visit(endpoint_id=endpoint.pk, engines=engines())
    assert report is not None
    endpoint.refresh_from_db()
    return report


def refuses(status: int) -> Fault:
    return lambda _: Said(status=status, headers={"Retry-After": "0"})


def test_a_new_endpoint_is_active_only_after_a_passed_visit(rogue):
    endpoint = awaiting(rogue())
    assert endpoint.state == "awaiting"
    report = visited(endpoint)
    assert (report.state, endpoint.state) == ("passed", "active")
    assert queries.is_admitted(endpoint)
    assert Event.objects.filter(verb="endpoint.admitted", provider="acme").exists()


def test_a_fault_pauses_it_with_the_code_and_a_later_visit_lets_it_go_on(rogue):
    broken = True
    server = rogue(lambda ask: Said(status=401) if broken else None)
    endpoint = awaiting(server)
    report = visited(endpoint)
    assert (report.state, endpoint.state) == ("failed", "paused")
    assert endpoint.pause_reason == "admission: unauthorized"
    assert len(server.asks) == 1  # a refused key is not tried again
    broken = False
    assert visited(endpoint, cause="asked").state == "passed"
    assert (endpoint.state, endpoint.pause_reason) == ("active", "")


def test_options_that_no_rule_allows_any_more_are_a_finding_and_nobody_is_asked(rogue):
    server = rogue()
    endpoint = awaiting(server)
    Endpoint.objects.update(options={"a_word_of_yesterday": True})
    endpoint.refresh_from_db()
    report = visited(endpoint)
    assert (report.state, endpoint.pause_reason) == ("failed", "admission: bad_options")
    (finding,) = report.findings
    assert finding["says"].startswith("options.a_word_of_yesterday: not an option of this protocol")
    assert "This protocol knows" in finding["mend"]
    assert server.asks == []
    Endpoint.objects.update(options={})
    endpoint.refresh_from_db()
    assert visited(endpoint, cause="due").state == "passed"


def test_who_degrades_is_paused_and_told_so(rogue):
    endpoint = factories.admitted(awaiting(rogue(refuses(503))))
    visited(endpoint, cause="due")
    assert (endpoint.state, endpoint.pause_reason) == ("paused", "admission: overloaded")
    assert Event.objects.get(verb="endpoint.degraded").facts == {"codes": ["overloaded"]}


def test_a_passed_visit_does_not_wake_what_its_provider_paused(rogue):
    endpoint = factories.admitted(awaiting(rogue()))
    register.pause_endpoint(endpoint_id=endpoint.pk, reason=register.PAUSED_BY_HAND, by="test")
    visited(endpoint, cause="asked")
    assert (endpoint.state, endpoint.pause_reason) == ("paused", register.PAUSED_BY_HAND)


def test_a_report_holds_no_key_no_reply_and_accounts_for_every_request(rogue):
    secret = "REPLY-MARKER-7f3a"
    server = rogue(lambda ask: Said(text=f"{secret} {KEY}", model=f"{secret}-{KEY}"))
    endpoint = awaiting(server)
    report = visited(endpoint)
    row = repr(list(AdmissionReport.objects.values())) + repr(list(Event.objects.values()))
    assert secret not in row
    assert KEY not in row
    keys = {admit.probe_key(report.pk, n) for n in range(report.requests)}
    assert {ask.key for ask in server.asks} == keys
    assert all(UUID(key).version == new_id().version for key in keys)


def test_findings_can_be_read_while_the_visit_goes_on(rogue):
    seen: list[tuple[str, int]] = []

    endpoint = awaiting(rogue())
    admit.ask(endpoint=endpoint, cause="new", by="test")

    report = AdmissionReport.objects.get()
    real = admit._note

    def note(of: AdmissionReport, findings: Any, requests: int) -> bool:
        kept = real(of, findings, requests)
        report.refresh_from_db()
        seen.append((report.state, len(report.findings)))
        return kept

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admit, "_note", note)
        admit.visit(endpoint_id=endpoint.pk, engines=engines())
    assert seen[:3] == [("running", 1), ("running", 2), ("running", 3)]


def test_one_visit_at_a_time_and_a_dead_workers_visit_is_made_again(rogue):
    server = rogue()
    endpoint = awaiting(server)
    first = admit.ask(endpoint=endpoint, cause="new", by="test")
    assert admit.ask(endpoint=endpoint, cause="asked", by="test") == first
    assert admit._claim(endpoint.pk) is not None  # this worker dies now
    assert admit.visit(endpoint_id=endpoint.pk, engines=engines()) is None
    assert not admit.is_waiting(endpoint.pk)
    AdmissionReport.objects.update(lease_until="2000-01-01T00:00:00Z")
    assert admit.to_wake() == [endpoint.pk]
    again = admit.visit(endpoint_id=endpoint.pk, engines=engines())
    assert (again.pk, again.state, again.tries) == (first.pk, "passed", 2)


def test_a_zombies_findings_change_nothing(rogue):
    endpoint = awaiting(rogue())
    admit.ask(endpoint=endpoint, cause="new", by="test")
    zombie = admit._claim(endpoint.pk)
    AdmissionReport.objects.update(lease_until="2000-01-01T00:00:00Z")
    assert admit._claim(endpoint.pk).fence == 2
    assert admit._note(zombie, [], 9) is False
    assert admit._settle(zombie, []) is None
    endpoint.refresh_from_db()
    assert endpoint.state == "awaiting"


def test_a_change_during_the_visit_drops_it_and_admits_nothing(rogue):
    endpoint = awaiting(rogue())

    def change(found: Endpoint) -> Circumstances:
        Endpoint.objects.filter(pk=found.pk).update(revision=2)
        return SMALL

    admit.ask(endpoint=endpoint, cause="new", by="test")
    result = admit.visit(
        endpoint_id=endpoint.pk,
        engines=admit.Engines(
            client=wiring.listening_endpoint, opener=wiring.opener(), circumstances=change
        ),
    )
    endpoint.refresh_from_db()
    assert result is None
    assert endpoint.state == "awaiting"
    assert AdmissionReport.objects.get().state == "dropped"
    assert admit.ask(endpoint=endpoint, cause="changed", by="test").state == "asked"


def test_a_worker_that_may_not_open_keys_gives_the_visit_back(rogue):
    endpoint = awaiting(rogue())
    admit.ask(endpoint=endpoint, cause="new", by="test")
    blind = HpkeOpener.from_files({})
    assert admit.visit(endpoint_id=endpoint.pk, engines=engines(blind)) is None
    assert AdmissionReport.objects.get().state == "asked"


def test_the_schedule_wants_a_visit_a_day_and_sooner_after_a_fault(rogue):
    endpoint = factories.admitted(awaiting(rogue()))
    assert admit.due() == []

    def age(**how: int) -> None:
        AdmissionReport.objects.update(asked_at=database_now() - timedelta(**how))

    age(hours=25)
    assert admit.due() == [endpoint]
    Endpoint.objects.update(state="paused", pause_reason="admission: overloaded")
    assert admit.due() == [endpoint]
    age(minutes=30)
    assert admit.due() == []
    Endpoint.objects.update(pause_reason=register.PAUSED_BY_HAND)
    age(hours=99)
    assert admit.due() == []
    Endpoint.objects.update(state="awaiting", pause_reason="")
    assert admit.due() == [endpoint]
    admit.ask(endpoint=endpoint, cause="due", by="test")
    assert admit.due() == []


def test_waiting_visits_are_woken_once_a_minute_and_given_up_after_three_deaths(rogue):
    endpoint = awaiting(rogue())
    admit.ask(endpoint=endpoint, cause="new", by="test")
    assert admit.to_wake() == [endpoint.pk]
    assert admit.to_wake() == []
    AdmissionReport.objects.update(tries=admit.TRIES_MAX, lease_until=Now())
    assert admit.visit(endpoint_id=endpoint.pk, engines=engines()) is None
    assert AdmissionReport.objects.get().state == "dropped"


def test_visits_are_not_asked_for_without_end(rogue, monkeypatch):
    endpoint = awaiting(rogue())
    monkeypatch.setattr(admit, "VISITS_AN_HOUR", 1)
    visited(endpoint)
    with pytest.raises(NotAllowed) as refusal:
        admit.ask(endpoint=endpoint, cause="asked", by="test")
    assert refusal.value.code == "admission_too_often"


def test_a_deleted_endpoint_is_not_visited(rogue):
    endpoint = awaiting(rogue())
    admit.ask(endpoint=endpoint, cause="new", by="test")
    register.delete_endpoint(endpoint=endpoint, by="test")
    assert admit.visit(endpoint_id=endpoint.pk, engines=engines()) is None
    with pytest.raises(NotAllowed):
        admit.ask(endpoint=endpoint, cause="asked", by="test")
