"""Two tenants, every route: nobody sees or touches what is another provider's (OWASP API1, API5).

The matrix is built from the URL configuration, so a new route without a row here fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import URLPattern

from benchserver.audit.models import Event
from benchserver.evaluations.models import Evaluation
from benchserver.portal import api_urls, urls
from benchserver.providers.models import Endpoint, Model, Token
from benchserver.providers.tokens import SCOPES
from tests.portal.conftest import Api, Tenant, a_token

pytestmark = pytest.mark.django_db

NEW_MODEL = {"slug": "nova"}
NEW_ENDPOINT = {
    "name": "new",
    "model_slug": "acme-model-1",
    "protocol": "openai_chat",
    "base_url": "https://new.example.org/v1",
    "model": "m",
}
NEW_TOKEN = {"name": "new", "scopes": ["read"]}

# route name, method, what names the object in the path, body, scope
ROUTES: list[tuple[str, str, str, Any, str]] = [
    ("models/", "GET", "", None, "read"),
    ("models/", "POST", "", NEW_MODEL, "endpoints"),
    ("endpoints/", "GET", "", None, "read"),
    ("endpoints/", "POST", "", NEW_ENDPOINT, "endpoints"),
    ("endpoints/<slug:id>/", "GET", "endpoint", None, "read"),
    ("endpoints/<slug:id>/", "PATCH", "endpoint", {"name": "mine"}, "endpoints"),
    ("endpoints/<slug:id>/", "DELETE", "endpoint", None, "endpoints"),
    ("endpoints/<slug:id>/admission/", "GET", "endpoint", None, "read"),
    ("endpoints/<slug:id>/admission/", "POST", "endpoint", {}, "endpoints"),
    ("evaluations/", "GET", "", None, "read"),
    ("evaluations/", "POST", "", {"endpoint": "endpoint", "track": "functions"}, "evaluations"),
    ("evaluations/<slug:id>/", "GET", "evaluation", None, "read"),
    ("evaluations/<slug:id>/cancel/", "POST", "evaluation", {}, "evaluations"),
    ("evaluations/<slug:id>/pause/", "POST", "evaluation", {}, "evaluations"),
    ("evaluations/<slug:id>/resume/", "POST", "evaluation", {}, "evaluations"),
    ("evaluations/<slug:id>/evidence/", "GET", "evaluation", None, "read"),
    ("evaluations/<slug:id>/evidence/", "POST", "evaluation", {"text": "No."}, "evaluations"),
    ("usage/", "GET", "", None, "read"),
    ("events/", "GET", "", None, "read"),
    ("tokens/", "GET", "", None, "tokens"),
    ("tokens/", "POST", "", NEW_TOKEN, "tokens"),
    ("tokens/<slug:id>/", "DELETE", "token", None, "tokens"),
]
OPEN = {"schema/", "docs/"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE")


def names(tenant: Tenant) -> dict[str, str]:
    return {
        "endpoint": tenant.endpoint.slug,
        "evaluation": tenant.evaluation.slug,
        "token": tenant.token.prefix,
    }


def marks(tenant: Tenant) -> list[str]:
    """Everything in an answer that would give a tenant away."""
    name = tenant.provider.slug
    return [*names(tenant).values(), f"{name}-model", f"{name}.example.org", f"{name}@example.org"]


def call(api: Api, owner: Tenant, route: tuple[str, str, str, Any, str]) -> Any:
    """The route with the path and body names of ``owner``."""
    path, method, kind, body, _ = route
    known = names(owner)
    path = path.replace("<slug:id>", known.get(kind, ""))
    if isinstance(body, dict):
        body = {k: known.get(v, v) if isinstance(v, str) else v for k, v in body.items()}
    return api(method, path, body)


def snapshot() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Endpoint, Model, Evaluation)]


def test_every_route_is_in_the_matrix() -> None:
    assert {str(p.pattern) for p in api_urls.urlpatterns} == {r[0] for r in ROUTES} | OPEN


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r[1]} {r[0]}")
def test_another_tenants_things_are_not_there(
    acme: Tenant, rival: Tenant, route: tuple[str, str, str, Any, str]
) -> None:
    before = snapshot()
    answer = call(rival.api(), acme, route)
    text = answer.content.decode()
    named = bool(route[2]) or "endpoint" in (route[3] or {})
    if named:
        assert answer.status_code == 404
        assert snapshot() == before
    for mark in marks(acme):
        if route[3] is NEW_ENDPOINT:
            continue  # the caller's own words: the refusal names the model it asked for
        assert mark not in text


@pytest.mark.parametrize("kind", ["endpoint", "evaluation", "token"])
def test_a_foreign_id_and_an_invented_one_get_the_same_answer(
    acme: Tenant, rival: Tenant, kind: str
) -> None:
    for route in ROUTES:
        if route[2] != kind:
            continue
        foreign = call(rival.api(), acme, route)
        invented = rival.api()(route[1], route[0].replace("<slug:id>", "xx_000000000000"), route[3])
        assert foreign.json() == invented.json()


def test_a_foreign_model_is_as_unknown_as_an_invented_one(acme: Tenant, rival: Tenant) -> None:
    foreign = rival.api().post("endpoints/", NEW_ENDPOINT)
    invented = rival.api().post("endpoints/", {**NEW_ENDPOINT, "model_slug": "acme-model-2"})
    assert foreign.status_code == invented.status_code == 400
    assert foreign.json()["detail"].replace("-1", "-2") == invented.json()["detail"]


@pytest.mark.parametrize("scope", [*SCOPES, ""])
def test_each_role_can_do_exactly_what_its_scope_says(acme: Tenant, scope: str) -> None:
    """Role x route: 100 % of the routes with each single scope, and with no token at all."""
    api = acme.api(a_token(acme, scope)) if scope else Api()
    for route in ROUTES:
        answer = call(api, acme, route)
        if not scope:
            assert answer.status_code == 401, route
        elif scope == route[4]:
            assert answer.status_code != 403 or route[3] is NEW_TOKEN, route
        else:
            assert answer.status_code == 403, route
            assert answer.json()["code"] == "scope_missing"
            assert repr(route[4]) in answer.json()["detail"]


def test_no_other_method_is_answered(acme: Tenant) -> None:
    for path in {route[0] for route in ROUTES}:
        allowed = {route[1] for route in ROUTES if route[0] == path}
        kind = next(route[2] for route in ROUTES if route[0] == path)
        target = path.replace("<slug:id>", names(acme).get(kind, ""))
        for method in set(METHODS) - allowed - {"HEAD"}:
            assert acme.api()(method, target).status_code == 405, (method, path)


# --- the pages -----------------------------------------------------------------------------------
PAGES: dict[str, tuple[str, str]] = {  # pattern -> (method, kind)
    "": ("GET", ""),
    "models/": ("GET", ""),
    "endpoints/": ("GET", ""),
    "endpoints/new/": ("GET", ""),
    "endpoints/<slug:id>/": ("GET", "endpoint"),
    "endpoints/<slug:id>/switch/": ("POST", "endpoint"),
    "endpoints/<slug:id>/delete/": ("POST", "endpoint"),
    "endpoints/<slug:id>/admission/": ("GET", "endpoint"),
    "endpoints/<slug:id>/admission/ask/": ("POST", "endpoint"),
    "evaluations/": ("GET", ""),
    "evaluations/<slug:id>/": ("GET", "evaluation"),
    "evaluations/<slug:id>/cancel/": ("POST", "evaluation"),
    "evaluations/<slug:id>/pause/": ("POST", "evaluation"),
    "evaluations/<slug:id>/resume/": ("POST", "evaluation"),
    "evaluations/<slug:id>/evidence/": ("POST", "evaluation"),
    "tokens/": ("GET", ""),
    "tokens/<slug:id>/revoke/": ("POST", "token"),
    "events/": ("GET", ""),
}


def _page(tenant: Tenant, pattern: str) -> str:
    kind = PAGES[pattern][1]
    return "/portal/" + pattern.replace("<slug:id>", names(tenant).get(kind, ""))


def test_every_page_is_in_the_matrix() -> None:
    patterns: list[URLPattern] = urls.urlpatterns
    assert {str(p.pattern) for p in patterns} == set(PAGES) | {"login/", "logout/"}


@pytest.mark.parametrize("pattern", PAGES)
def test_a_page_shows_only_its_own_provider(acme: Tenant, rival: Tenant, pattern: str) -> None:
    method, kind = PAGES[pattern]
    before = snapshot(), Token.objects.filter(revoked_at=None).count()
    browser = rival.browser()
    send: Callable[..., Any] = browser.get if method == "GET" else browser.post
    answer = send(_page(acme, pattern), {"sure": "yes"} if method == "POST" else {})
    assert answer.status_code == (404 if kind else 200)
    assert (snapshot(), Token.objects.filter(revoked_at=None).count()) == before
    text = answer.content.decode()
    for mark in marks(acme):
        assert mark not in text


@pytest.mark.parametrize("pattern", PAGES)
def test_a_page_needs_a_login(acme: Tenant, client: Any, pattern: str) -> None:
    send = client.get if PAGES[pattern][0] == "GET" else client.post
    answer = send(_page(acme, pattern))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/portal/login/?next=/portal/")


def test_events_of_others_stay_away(acme: Tenant, rival: Tenant) -> None:
    Event.objects.create(verb="operator.only", actor="root", target="x", provider="")
    verbs = [e["verb"] for e in rival.api().get("events/").json()["results"]]
    assert "operator.only" not in verbs
