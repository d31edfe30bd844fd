"""The schema names every public route, and each real answer is what it says."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from django.test import Client

from benchserver.portal import public_routes
from benchserver.website import urls
from tests.website.conftest import Publish
from tests.website.factory import snapshot
from tests.website.test_api import logged

pytestmark = pytest.mark.django_db
PREFIX = "/api/v1/"


def listed() -> dict[str, Any]:
    return public_routes.add({"paths": {}}, None, None, True)["paths"]


def plain(path: str) -> str:
    """``<slug:track>`` of an address as the schema writes it."""
    return re.sub(r"<\w+:(\w+)>", r"{\1}", path)


def test_every_public_address_of_the_api_is_in_the_schema_and_no_other() -> None:
    known = {
        "/" + plain(str(each.pattern))
        for each in urls.urlpatterns
        if str(each.pattern).startswith("api/v1/")
    }
    assert set(listed()) == known


def test_a_public_route_asks_for_no_token_and_has_a_name_of_its_own() -> None:
    operations = [item["get"] for item in listed().values()]
    assert all(operation["security"] == [] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_real_answers_are_what_the_schema_says(client: Client, publish: Publish) -> None:
    body = snapshot(5)
    publish(body)
    logged({"t": "note", "n": 1})
    first, second = (row["model"]["slug"] for row in body["rows"][:2])
    asked = {
        "leaderboards/": "leaderboards/",
        "leaderboards/{track}/": "leaderboards/python/",
        "compare/": f"compare/?a={first}&b={second}&track=python",
        "models/{slug}/": f"models/{first}/",
        "rotations/": "rotations/",
        "rotations/{name}/": "rotations/ro-2026-11/",
        "tasks/public.jsonl": "tasks/public.jsonl",
        "transparency/checkpoint": "transparency/checkpoint",
        "transparency/entries/": "transparency/entries/",
        "transparency/bundle.json": "transparency/bundle.json",
    }
    assert {PREFIX + path for path in asked} == set(listed())
    for path, address in asked.items():
        answer = client.get(PREFIX + address)
        assert answer.status_code == 200, address
        ((kind, media),) = listed()[PREFIX + path]["get"]["responses"]["200"]["content"].items()
        assert answer["Content-Type"].startswith(kind), address
        if kind == "application/json":
            told = json.loads(answer.content)
            jsonschema.validate(told, media["schema"])
            named = {p["name"] for p in listed()[PREFIX + path]["get"]["parameters"]}
            assert set(re.findall(r"{(\w+)}", path)) <= named


def test_an_answer_without_a_promised_member_is_no_such_answer() -> None:
    schema = listed()[f"{PREFIX}leaderboards/{{track}}/"]["get"]["responses"]["200"]
    told = snapshot(5)
    del told["estimators"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, schema["content"]["application/json"]["schema"])
