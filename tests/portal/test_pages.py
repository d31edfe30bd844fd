"""The provider's pages do what their buttons say, without JavaScript."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from benchserver.core.errors import NotAllowed
from benchserver.evaluations import queries
from benchserver.evaluations import request as requesting
from benchserver.evaluations.models import Evaluation
from benchserver.pools.models import Track
from benchserver.portal.templatetags import portal_figures as figures
from benchserver.providers import tokens
from benchserver.providers.models import Account, Endpoint, Model, Token
from tests.portal.conftest import API_KEY, Tenant, make_evaluation, make_tenant

pytestmark = pytest.mark.django_db

FORM = {
    "name": "second",
    "model_slug": "acme-model-1",
    "protocol": "openai_chat",
    "base_url": "https://second.example.org/v1",
    "model": "m-2",
    "api_key": API_KEY,
    "price_in": "0.15",
    "price_out": "2.5",
    "max_concurrency": "2",
    "max_rps": "",
}


# --- signing in ----------------------------------------------------------------------------------
def test_signing_in_and_out(acme: Tenant, client: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    acme.account.set_password("correct horse battery")
    acme.account.save()
    body = {"username": acme.account.username, "password": "correct horse battery"}
    wrong = client.post("/portal/login/", {**body, "password": "wrong"})
    assert "Please enter a correct username" in wrong.content.decode()
    answer = client.post("/portal/login/?next=/portal/tokens/", {**body, "next": "/portal/tokens/"})
    assert answer.headers["Location"] == "/portal/tokens/"
    assert "acme" in client.get("/portal/").content.decode()
    assert client.post("/portal/logout/").status_code == 302
    assert client.get("/portal/").status_code == 302


def test_signing_in_leads_nowhere_else(acme: Tenant, client: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    acme.account.set_password("correct horse battery")
    acme.account.save()
    body = {"username": acme.account.username, "password": "correct horse battery"}
    answer = client.post("/portal/login/", {**body, "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/portal/"


def test_ten_wrong_passwords_lock_the_door(acme: Tenant, client: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    body = {"username": acme.account.username, "password": "wrong"}
    for _ in range(9):
        client.post("/portal/login/", body)
    assert client.post("/portal/login/", body).status_code == 429


def test_staff_without_a_provider_are_shown_their_room(client: Client) -> None:
    boss = Account.objects.create(username="boss", is_staff=True)
    client.force_login(boss, "django.contrib.auth.backends.ModelBackend")
    answer = client.get("/portal/")
    assert answer.status_code == 403
    assert "/admin/" in answer.content.decode()


def test_pages_are_never_cached_and_hold_no_script(acme: Tenant) -> None:
    browser = acme.browser()
    for path in ("", "models/", "endpoints/", "evaluations/", "tokens/", "events/"):
        answer = browser.get(f"/portal/{path}")
        assert "no-store" in answer.headers["Cache-Control"]
        assert not re.search(r"<script|\sstyle=|\son\w+=", answer.content.decode())


def test_every_form_needs_its_csrf_token(acme: Tenant) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(acme.account, "django.contrib.auth.backends.ModelBackend")
    paths = ("models/", "endpoints/new/", "evaluations/", "tokens/")
    paths += (f"endpoints/{acme.endpoint.slug}/delete/", f"tokens/{acme.token.prefix}/revoke/")
    for path in paths:
        assert strict.post(f"/portal/{path}", {"sure": "yes"}).status_code == 403


# --- overview, models, endpoints -----------------------------------------------------------------
def test_the_first_page_leads_through_three_steps(acme: Tenant) -> None:
    Evaluation.objects.all().delete()
    text = acme.browser().get("/portal/").content.decode()
    assert "Three steps to a result" in text
    assert text.count(">done<") == 2


def test_a_paused_endpoint_is_told_on_the_first_page(acme: Tenant) -> None:
    Endpoint.objects.update(state="paused", pause_reason="the key was rejected")
    text = acme.browser().get("/portal/").content.decode()
    assert "is paused: the key was rejected" in text


def test_a_model_is_declared_by_form(acme: Tenant) -> None:
    answer = acme.browser().post("/portal/models/", {"slug": "nova", "version": "2", "open": "on"})
    assert answer.status_code == 302
    assert Model.objects.get(slug="nova-2").open
    again = acme.browser().post("/portal/models/", {"slug": "nova", "version": "2"})
    assert "exists" in again.content.decode()


def test_an_endpoint_is_added_with_prices_in_dollars(acme: Tenant) -> None:
    browser = acme.browser()
    assert browser.post("/portal/endpoints/new/", FORM).status_code == 302
    row = Endpoint.objects.get(name="second")
    assert (row.price_in, row.price_out, row.max_rps) == (150_000, 2_500_000, None)
    assert row.key_data_key
    page = browser.get(f"/portal/endpoints/{row.slug}/").content.decode()
    assert API_KEY not in page
    assert 'value="0.15"' in page


def test_options_of_a_protocol_are_written_as_json_and_shown_again(acme: Tenant) -> None:
    browser = acme.browser()
    assert browser.post("/portal/endpoints/new/", {**FORM, "options": '{"stream": true}'})
    row = Endpoint.objects.get(name="second")
    assert row.options == {"stream": True}
    page = browser.get(f"/portal/endpoints/{row.slug}/").content.decode()
    assert "{&quot;stream&quot;: true}" in page


def test_a_provider_without_a_model_is_sent_to_declare_one(track: Track) -> None:
    tenant = make_tenant("acme", track)
    Evaluation.objects.all().delete()
    Endpoint.objects.all().delete()
    Model.objects.all().delete()
    answer = tenant.browser().get("/portal/endpoints/new/")
    assert answer.headers["Location"] == "/portal/models/"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base_url": "https://internal.example"}, "That address is not allowed. Use https."),
        ({"base_url": "https://a:b@c.example"}, "a URL with a login in it is refused"),
        ({"name": "main"}, "exists"),
        ({"api_key": "two words"}, "no spaces"),
        ({"options": "{stream"}, "This is not JSON"),
        ({"options": '{"steam": true}'}, "Steam: not an option of this protocol"),
        ({"price_in": "-1"}, "greater than or equal to 0"),
        ({"protocol": "smoke"}, "not one of the available choices"),
        ({"model_slug": "rival-model-1"}, "not one of the available choices"),
    ],
)
def test_a_bad_field_is_shown_beside_it_and_the_key_is_not_repeated(
    acme: Tenant, rival: Tenant, change: dict[str, str], said: str
) -> None:
    answer = acme.browser().post("/portal/endpoints/new/", {**FORM, **change})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert said in text
    assert "Nothing was changed" in text
    assert API_KEY not in text
    assert Endpoint.objects.count() == 2


def test_moving_an_endpoint_says_that_its_key_is_gone(acme: Tenant) -> None:
    path = f"/portal/endpoints/{acme.endpoint.slug}/"
    moved = {**FORM, "base_url": "https://elsewhere.example/v1", "api_key": ""}
    text = acme.browser().post(path, moved, follow=True).content.decode()
    assert "the stored key was dropped" in text
    assert not Endpoint.objects.get(pk=acme.endpoint.pk).key_data_key


def test_an_edit_without_a_key_keeps_the_stored_one(acme: Tenant) -> None:
    path = f"/portal/endpoints/{acme.endpoint.slug}/"
    same = {**FORM, "base_url": "https://acme.example.org/v1", "api_key": ""}
    acme.browser().post(path, same)
    assert Endpoint.objects.get(pk=acme.endpoint.pk).key_data_key


def test_an_endpoint_is_paused_activated_and_deleted_after_a_yes(acme: Tenant) -> None:
    browser = acme.browser()
    path = f"/portal/endpoints/{acme.endpoint.slug}/"

    def state() -> str:
        return Endpoint.objects.get(pk=acme.endpoint.pk).state

    browser.post(f"{path}switch/")
    assert state() == "paused"
    browser.post(f"{path}switch/")
    assert state() == "active"
    browser.post(f"{path}delete/")
    assert state() == "active"
    browser.post(f"{path}delete/", {"sure": "yes"})
    assert state() == "deleted"


# --- evaluations ---------------------------------------------------------------------------------
def test_a_waiting_page_says_what_why_since_when_and_what_is_next(acme: Tenant) -> None:
    answer = acme.browser().get(f"/portal/evaluations/{acme.evaluation.slug}/")
    assert answer.headers["Refresh"] == "10"
    text = answer.content.decode()
    for word in ("Waiting for a free worker", "Since", "Next", "Should end", "the rotation closes"):
        assert word in text
    assert '<progress value="0" max="40"' in text


def test_an_ended_evaluation_is_not_loaded_again_and_shows_its_result(
    acme: Tenant, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = {"tasks": 24, "samples": 120, "passed": 85, "missing": 0, "bound": ""}
    cell |= {"score_e4": 7083, "se_e4": 360, "low_e4": 6340, "high_e4": 7830}
    done = make_evaluation(acme.endpoint, track, state="complete")
    body = {"private": cell, "public": None, "gap": None, "pass_at_k": {}, "faults": {}}
    body["verdicts"] = {"wrong_answer": 35}
    body["pass_at_k"] = {
        "private": {"1": 7083, "5": 8750},
        "bounds": {"5": "at_least"},
        "public": {"1": 6000, "5": 9100},
        "intervals": {"private": {"1": [5080, 8510]}, "public": {"1": [3870, 7810], "5": [7, 9]}},
    }
    body["estimators"] = {"private.score_e4": "task-mean@1"}
    monkeypatch.setattr(queries, "told_to_provider", lambda *_, **__: body)
    answer = acme.browser().get(f"/portal/evaluations/{done.slug}/")
    assert "Refresh" not in answer.headers
    text = answer.content.decode()
    assert "70.8" in text
    assert "63.4 to 78.3" in text
    assert "wrong_answer" not in text
    assert "Cancel the evaluation" not in text
    assert "k = 5" in text
    assert "≥ 87.5" in re.sub("<[^>]+>", "", text)
    assert "0.1 to 0.1" in text
    assert "<code>task-mean@1</code>" in text


@pytest.mark.parametrize(("bound", "sign"), [("at_least", "≥"), ("at_most", "≤")])
def test_a_hidden_result_near_an_end_is_shown_as_the_bound_it_is(
    acme: Tenant, track: Track, monkeypatch: pytest.MonkeyPatch, bound: str, sign: str
) -> None:
    cell = {"tasks": 24, "samples": 24, "passed": 21, "missing": 0, "bound": bound}
    cell |= {"score_e4": 8750, "se_e4": 0, "low_e4": 6900, "high_e4": 10_000}
    done = make_evaluation(acme.endpoint, track, state="complete")
    body = {"private": cell, "public": None, "gap": None}
    monkeypatch.setattr(queries, "told_to_provider", lambda *_, **__: body)
    answer = acme.browser().get(f"/portal/evaluations/{done.slug}/")
    text = re.sub("<[^>]+>", "", answer.content.decode())
    assert f"{sign} 87.5" in text
    assert f"{sign} 21 / 24" in text
    assert bound not in text


def test_a_repeated_result_names_the_evaluation_it_comes_from(
    acme: Tenant, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = make_evaluation(acme.endpoint, track, state="complete")
    body = {"private": None, "public": None, "gap": None, "repeats": "ev_before"}
    monkeypatch.setattr(queries, "told_to_provider", lambda *_, **__: body)
    text = acme.browser().get(f"/portal/evaluations/{done.slug}/").content.decode()
    assert "The hidden result is the one of <code>ev_before</code>" in text
    body["repeats"] = ""
    text = acme.browser().get(f"/portal/evaluations/{done.slug}/").content.decode()
    assert "told again" not in text


def test_an_evaluation_is_started_and_refusals_are_told_in_words(
    acme: Tenant, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"endpoint": acme.endpoint.slug, "track": "functions"}

    def refuse(**asked: Any) -> Evaluation:
        raise NotAllowed("your quota is used", code="quota_used", mend="Wait.")

    monkeypatch.setattr(requesting, "request", refuse)
    answer = acme.browser().post("/portal/evaluations/", body)
    assert answer.status_code == 400
    assert "Your quota is used. Wait." in answer.content.decode()
    monkeypatch.setattr(requesting, "request", lambda **_: acme.evaluation)
    answer = acme.browser().post("/portal/evaluations/", body)
    assert answer.headers["Location"] == f"/portal/evaluations/{acme.evaluation.slug}/"


def test_cancelling_needs_a_yes_and_resuming_a_reason(acme: Tenant) -> None:
    browser = acme.browser()
    path = f"/portal/evaluations/{acme.evaluation.slug}/"
    text = browser.post(f"{path}cancel/", follow=True).content.decode()
    assert "Nothing was cancelled" in text
    text = browser.post(f"{path}resume/", follow=True).content.decode()
    assert "cannot go from running to running" in text
    browser.post(f"{path}cancel/", {"sure": "yes"})
    assert Evaluation.objects.get(pk=acme.evaluation.pk).state == "cancelled"
    text = browser.post(f"{path}cancel/", {"sure": "yes"}, follow=True).content.decode()
    assert "cannot go from cancelled" in text


def test_an_evaluation_is_paused_and_resumed_by_two_buttons(acme: Tenant) -> None:
    browser = acme.browser()
    path = f"/portal/evaluations/{acme.evaluation.slug}/"
    assert "Pause the evaluation" in browser.get(path).content.decode()
    text = browser.post(f"{path}pause/", follow=True).content.decode()
    assert "Paused by you since" in text
    assert "Pause the evaluation" not in text
    assert "until you resume it" in text
    text = browser.post(f"{path}resume/", follow=True).content.decode()
    assert "Pause the evaluation" in text
    Evaluation.objects.update(paused_at="2026-11-20T10:00:00Z", paused_by="operator")
    text = browser.get(path).content.decode()
    assert "Paused by the operator since 2026-11-20 10:00 UTC" in text
    assert ">Resume<" not in text
    text = browser.post(f"{path}resume/", follow=True).content.decode()
    assert "only the operator lifts this pause" in text


# --- tokens and events ---------------------------------------------------------------------------
def test_a_token_is_shown_on_one_page_only(acme: Tenant) -> None:
    browser = acme.browser()
    page = browser.post("/portal/tokens/", {"name": "ci", "scopes": ["read"]}).content.decode()
    text = re.search(r"<code>(bs_\S+)</code>", page)
    assert text is not None
    assert tokens.find(text[1]) is not None
    assert text[1] not in browser.get("/portal/tokens/").content.decode()
    prefix = Token.objects.get(name="ci").prefix
    browser.post(f"/portal/tokens/{prefix}/revoke/")
    assert tokens.find(text[1]) is None


def test_a_token_needs_a_scope(acme: Tenant) -> None:
    answer = acme.browser().post("/portal/tokens/", {"name": "ci"})
    assert answer.status_code == 400
    assert Token.objects.filter(name="ci").count() == 0


def test_events_name_the_person(acme: Tenant) -> None:
    browser = acme.browser()
    browser.post("/portal/models/", {"slug": "nova"})
    text = browser.get("/portal/events/").content.decode()
    assert "model.created" in text
    assert "acme@example.org" in text
    assert browser.get("/portal/events/?page=nonsense").status_code == 200


# --- figures -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("micro", "shown"),
    [
        (None, "–"),
        (0, "$0.00"),
        (2_500_000, "$2.50"),
        (1, "$0.000001"),
        (12_345_000_000, "$12,345.00"),
    ],
)
def test_money_is_readable(micro: int | None, shown: str) -> None:
    assert figures.dollars(micro) == shown


def test_points_and_facts_are_readable() -> None:
    assert figures.points(7083) == "70.8"
    assert figures.signed_points(-850) == "−8.5"
    assert figures.signed_points(187) == "+1.9"
    assert figures.grouped(21320) == "21,320"
    assert figures.fact(["a", "b"]) == "a, b"
    assert {figures.points(None), figures.signed_points(None), figures.grouped(None)} == {"–"}
