"""The schema tells the truth: its routes, its closed answers, and a page without JavaScript."""

from __future__ import annotations

import io
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from benchserver.portal import api_urls
from benchserver.portal.problems import TITLES
from tests.portal.conftest import Tenant
from tests.portal.test_api import ENDPOINT
from tests.portal.test_tenants import ROUTES


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    out = io.StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    loaded: dict[str, Any] = yaml.safe_load(out.getvalue())
    return loaded


def ours(schema: dict[str, Any]) -> dict[str, Any]:
    """The operations with the tag ``provider``, by (path, method)."""
    return {
        (path, method.upper()): operation
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if "provider" in operation.get("tags", [])
    }


def test_the_schema_lists_exactly_the_routes(schema: dict[str, Any]) -> None:
    expected = {
        ("/api/v1/" + path.replace("<slug:id>", "{id}"), method) for path, method, *_ in ROUTES
    }
    assert set(ours(schema)) == expected
    assert schema["openapi"].startswith("3.1")


def test_each_route_names_its_scope_its_token_and_its_problems(schema: dict[str, Any]) -> None:
    scopes = {(r[0].replace("<slug:id>", "{id}"), r[1]): r[4] for r in ROUTES}
    for (path, method), operation in ours(schema).items():
        scope = scopes[path.removeprefix("/api/v1/"), method]
        assert f"Scope: `{scope}`" in operation["description"]
        assert operation["security"] == [{"token": []}]
        assert {"401", "403", "429", "500"} <= set(operation["responses"])


def test_every_object_is_closed(schema: dict[str, Any]) -> None:
    for name, component in schema["components"]["schemas"].items():
        if name.startswith("Paginated") or component.get("type") != "object":
            continue
        assert component.get("additionalProperties") is False, name


def test_no_answer_has_a_key_or_anything_per_task(schema: dict[str, Any]) -> None:
    for name, component in schema["components"]["schemas"].items():
        if name.endswith("Answer") or name.endswith("Row"):
            assert not {"api_key", "key_sealed", "digest", "attempts", "verdicts"} & set(
                component["properties"]
            )


@pytest.mark.django_db
def test_answers_are_what_the_schema_says(acme: Tenant, schema: dict[str, Any]) -> None:
    components = schema["components"]["schemas"]
    for path, name in {
        f"endpoints/{acme.endpoint.slug}/": "EndpointAnswer",
        f"evaluations/{acme.evaluation.slug}/": "EvaluationAnswer",
        "usage/": "Usage",
    }.items():
        assert set(acme.api().get(path).json()) == set(components[name]["properties"])
    for path, name in {
        "models/": "ModelAnswer",
        "endpoints/": "EndpointAnswer",
        "evaluations/": "EvaluationRow",
        "tokens/": "TokenAnswer",
        "events/": "EventAnswer",
    }.items():
        row = acme.api().get(path).json()["results"][0]
        assert set(row) == set(components[name]["properties"])
    assert set(ENDPOINT) <= set(components["EndpointRequest"]["properties"])


@pytest.mark.django_db
def test_the_readable_page_lists_every_route_and_problem_without_script() -> None:
    answer = Client().get("/api/v1/docs/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "<script" not in text
    assert "style=" not in text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    for pattern in api_urls.urlpatterns[:-2]:
        assert "/api/v1/" + str(pattern.pattern).replace("<slug:id>", "{id}") in text
    for code in TITLES:
        assert f'id="problem-{code}"' in text


@pytest.mark.django_db
def test_the_schema_is_open_to_all() -> None:
    assert Client().get("/api/v1/schema/?format=json").status_code == 200
