"""Each route of the provider's API: what it does and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from benchserver.audit.models import DataKey, Event
from benchserver.core.engine.facts import Limits
from benchserver.core.errors import NotAllowed
from benchserver.evaluations import request as requesting
from benchserver.evaluations.models import Evaluation
from benchserver.pools.models import Track
from benchserver.providers.models import Endpoint, Model
from tests.portal.conftest import API_KEY, Api, Tenant, a_token, make_evaluation

pytestmark = pytest.mark.django_db

ENDPOINT = {
    "name": "second",
    "model_slug": "acme-model-1",
    "protocol": "openai_chat",
    "base_url": "https://second.example.org/v1",
    "model": "m-2",
    "api_key": API_KEY,
    "price_in": 150_000,
    "price_out": 600_000,
    "max_concurrency": 2,
    "max_rps": 1.5,
}
ENDPOINT_FIELDS = {
    "id",
    "name",
    "model_slug",
    "protocol",
    "options",
    "base_url",
    "model",
    "key_stored",
    "price_in",
    "price_out",
    "max_concurrency",
    "max_rps",
    "state",
    "pause_reason",
    "created_at",
}
EVALUATION_FIELDS = {
    "id",
    "state",
    "reason",
    "progress",
    "fault_codes",
    "paused_by",
    "queue_position",
    "expected_start",
    "expected_end",
    "cost",
    "model",
    "endpoint",
    "track",
    "rotation",
    "created_at",
    "ended_at",
    "identity",
    "result",
}


# --- who may -------------------------------------------------------------------------------------
def test_without_a_token_the_answer_says_what_to_send(db: None) -> None:
    answer = Api().get("endpoints/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer a b", "Bearer bs_unknown_x"])
def test_any_other_authorization_is_refused(header: str) -> None:
    answer = Api()("GET", "endpoints/", Authorization=header)
    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_token"


def test_a_revoked_token_is_refused_by_the_next_request(acme: Tenant) -> None:
    other = acme.api(a_token(acme, "read"))
    assert other.get("endpoints/").status_code == 200
    prefix = acme.api().get("tokens/").json()["results"][0]["id"]
    assert acme.api().delete(f"tokens/{prefix}/").status_code == 204
    assert other.get("endpoints/").status_code == 401


def test_a_session_does_not_open_the_api(acme: Tenant) -> None:
    assert acme.browser().get("/api/v1/endpoints/").status_code == 401


# --- models --------------------------------------------------------------------------------------
def test_a_model_is_declared_and_listed(acme: Tenant) -> None:
    body = {"slug": "nova", "version": "2", "declared_cutoff": "2026-01-31", "open": True}
    answer = acme.api().post("models/", body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["slug"] == "nova-2"
    assert made["declared_cutoff"] == "2026-01-31"
    assert made["created_at"].endswith("Z")
    listed = acme.api().get("models/").json()["results"]
    assert [m["slug"] for m in listed] == ["nova-2", "acme-model-1"]


def test_a_model_name_in_use_answers_409_with_a_mend(acme: Tenant, rival: Tenant) -> None:
    answer = acme.api().post("models/", {"slug": "rival-model", "version": "1"})
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "taken"
    assert problem["mend"]
    assert list(problem["errors"]) == ["slug"]


# --- endpoints -----------------------------------------------------------------------------------
def test_an_endpoint_is_registered_and_its_key_is_in_no_answer(acme: Tenant) -> None:
    answer = acme.api().post("endpoints/", ENDPOINT)
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == ENDPOINT_FIELDS
    assert made["key_stored"] is True
    assert made["max_rps"] == 1.5
    assert made["price_in"] == 150_000
    assert answer.headers["Location"] == f"/api/v1/endpoints/{made['id']}/"
    read = acme.api().get(answer.headers["Location"])
    assert read.json() == made
    for seen in (answer, read, acme.api().get("endpoints/"), acme.api().get("events/")):
        assert API_KEY not in seen.content.decode()


def test_an_endpoint_says_how_its_protocol_is_to_be_spoken(acme: Tenant) -> None:
    options = {"auth": "bearer", "version": "2023-06-01", "stream": True}
    given = {**ENDPOINT, "protocol": "anthropic_messages", "options": options}
    made = acme.api().post("endpoints/", given)
    assert made.status_code == 201
    assert made.json()["options"] == options
    path = made.headers["Location"].removeprefix("/api/v1/")
    changed = acme.api().patch(path, {"options": {"stream": False}})
    assert changed.json()["options"] == {"stream": False}
    row = Endpoint.objects.get(slug=made.json()["id"])
    assert row.revision == 2  # another model may be reached: running evaluations notice


def test_a_wrong_option_names_its_place_and_changes_nothing(acme: Tenant) -> None:
    path = f"endpoints/{acme.endpoint.slug}/"
    for change, place in (
        ({"options": {"steam": True}}, "options.steam"),
        ({"options": ["stream"]}, "options"),
        ({"protocol": "generic_json"}, "options.mapping"),
        ({"protocol": "gemini", "options": {"auth": "basic"}}, "options.auth"),
    ):
        answer = acme.api().patch(path, change)
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == [place]
        assert answer.json()["mend"]
    kept = acme.api().get(path).json()
    assert (kept["protocol"], kept["options"]) == ("openai_chat", {})


def test_the_stored_key_is_sealed(acme: Tenant) -> None:
    row = Endpoint.objects.get(pk=acme.endpoint.pk)
    assert API_KEY.encode() not in bytes(row.key_sealed or b"")
    assert DataKey.objects.filter(id=row.key_data_key).exists()


def test_moving_an_endpoint_to_another_host_drops_the_key_and_says_so(acme: Tenant) -> None:
    path = f"endpoints/{acme.endpoint.slug}/"
    same = acme.api().patch(path, {"base_url": "https://acme.example.org/v2"})
    assert same.json()["key_stored"] is True
    moved = acme.api().patch(path, {"base_url": "https://elsewhere.example.org/v1"})
    assert moved.status_code == 200
    assert moved.json()["key_stored"] is False
    assert Endpoint.objects.get(pk=acme.endpoint.pk).key_sealed is None
    assert not DataKey.objects.exists()


def test_a_new_key_may_come_with_the_new_host(acme: Tenant) -> None:
    body = {"base_url": "https://elsewhere.example.org/v1", "api_key": "sk-other"}
    answer = acme.api().patch(f"endpoints/{acme.endpoint.slug}/", body)
    assert answer.json()["key_stored"] is True


def test_patch_changes_only_what_it_names(acme: Tenant) -> None:
    path = f"endpoints/{acme.endpoint.slug}/"
    before = acme.api().get(path).json()
    after = acme.api().patch(path, {"model": "m-3", "state": "paused", "price_in": None}).json()
    assert {k: v for k, v in after.items() if v != before[k]} == {
        "model": "m-3",
        "state": "paused",
        "price_in": None,
        "pause_reason": "paused by its provider",
    }
    # What it reaches is another model, so it is asked public questions before it is active.
    assert acme.api().patch(path, {"state": "active"}).json()["state"] == "awaiting"


def test_a_deleted_endpoint_is_gone_and_its_name_is_free(acme: Tenant) -> None:
    path = f"endpoints/{acme.endpoint.slug}/"
    assert acme.api().delete(path).status_code == 204
    assert acme.api().get(path).status_code == 404
    assert acme.api().post("endpoints/", {**ENDPOINT, "name": "main"}).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"base_url": "https://internal.example.org"}, "base_url"),
        ({"base_url": "https://user:pw@acme.example.org/v1"}, "base_url"),
        ({"protocol": "smoke_signals"}, "protocol"),
        ({"model_slug": "rival-model-1"}, "model_slug"),
        ({"price_in": -1}, "price_in"),
        ({"price_in": 10**15}, "price_in"),
        ({"price_in": 0.5}, "price_in"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"max_concurrency": 10_000}, "max_concurrency"),
        ({"max_rps": 0}, "max_rps"),
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"api_key": "two words"}, "api_key"),
        ({"api_key": "line\nbreak"}, "api_key"),
        ({"api_key": "ключ"}, "api_key"),
        ({"revision": 7}, "revision"),
        ({"key_stored": True}, "key_stored"),
    ],
)
def test_a_bad_field_is_named_and_changes_nothing(
    acme: Tenant, rival: Tenant, change: dict[str, Any], field: str
) -> None:
    before = Endpoint.objects.count(), Event.objects.count()
    answer = acme.api().post("endpoints/", {**ENDPOINT, **change})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert (Endpoint.objects.count(), Event.objects.count()) == before


def test_a_refused_key_is_not_repeated(acme: Tenant) -> None:
    answer = acme.api().post("endpoints/", {**ENDPOINT, "api_key": "secret with spaces"})
    assert "secret" not in answer.content.decode()


@pytest.mark.parametrize("method", ["post", "patch"])
def test_an_endpoint_name_in_use_answers_409(acme: Tenant, method: str) -> None:
    acme.api().post("endpoints/", ENDPOINT)
    if method == "post":
        answer = acme.api().post("endpoints/", ENDPOINT)
    else:
        answer = acme.api().patch(f"endpoints/{acme.endpoint.slug}/", {"name": "second"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "taken"


def test_an_endpoint_keeps_its_model(acme: Tenant) -> None:
    answer = acme.api().patch(f"endpoints/{acme.endpoint.slug}/", {"model_slug": "other"})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["model_slug"]


# --- evaluations ---------------------------------------------------------------------------------
def _made_by(acme: Tenant, track: Track) -> Any:
    def request(**asked: Any) -> Evaluation:
        assert asked["endpoint"] == acme.endpoint
        assert asked["track"] == track
        assert asked["by"] == f"token {acme.token.prefix}"
        return make_evaluation(acme.endpoint, track)

    return request


def test_an_evaluation_is_asked_for_and_can_be_watched(
    acme: Tenant, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requesting, "request", _made_by(acme, track))
    body = {"endpoint": acme.endpoint.slug, "track": "functions"}
    answer = acme.api().post("evaluations/", body)
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == EVALUATION_FIELDS
    assert answer.headers["Location"] == f"/api/v1/evaluations/{made['id']}/"
    watched = acme.api().get(answer.headers["Location"]).json()
    assert watched["state"] == "running"
    assert watched["progress"] == {"total": 40, "sent": 0, "judged": 0, "faults": 0}
    assert watched["result"] is None
    assert watched["reason"]
    listed = acme.api().get("evaluations/").json()["results"]
    assert made["id"] in [row["id"] for row in listed]


def test_a_budget_comes_with_the_request_and_a_wrong_one_is_named(
    acme: Tenant, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Limits | None] = []

    def request(**facts: Any) -> Evaluation:
        asked.append(facts["limits"])
        return make_evaluation(acme.endpoint, track)

    monkeypatch.setattr(requesting, "request", request)
    body = {"endpoint": acme.endpoint.slug, "track": "functions"}
    answer = acme.api().post("evaluations/", body | {"budget": {"max_requests": 9}})
    assert answer.status_code == 201
    assert asked == [Limits(max_requests=9)]
    for wrong in ({"max_requests": 0}, {"max_pears": 1}, 5):
        refused = acme.api().post("evaluations/", body | {"budget": wrong})
        assert refused.status_code == 400
        assert "budget" in str(refused.json()["errors"])
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_are_woken_only_after_the_commit(
    acme: Tenant, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchserver import dispatch

    inside: list[bool] = []
    monkeypatch.setattr(requesting, "request", _made_by(acme, track))
    monkeypatch.setattr(
        dispatch, "flush", lambda: inside.append(transaction.get_connection().in_atomic_block)
    )
    acme.api().post("evaluations/", {"endpoint": acme.endpoint.slug, "track": "functions"})
    assert inside == [False]


def test_a_rule_that_forbids_it_now_answers_409_with_its_code(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**asked: Any) -> Evaluation:
        raise NotAllowed("used up", code="quota_used", mend="Wait for the next rotation.")

    monkeypatch.setattr(requesting, "request", refuse)
    body = {"endpoint": acme.endpoint.slug, "track": "functions"}
    problem = acme.api().post("evaluations/", body)
    assert problem.status_code == 409
    assert problem.json()["code"] == "quota_used"
    assert problem.json()["mend"] == "Wait for the next rotation."


def test_an_unknown_track_is_named(acme: Tenant) -> None:
    body = {"endpoint": acme.endpoint.slug, "track": "nothing"}
    answer = acme.api().post("evaluations/", body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["track"]


def test_a_running_evaluation_is_cancelled_once(acme: Tenant) -> None:
    path = f"evaluations/{acme.evaluation.slug}/cancel/"
    answer = acme.api().post(path)
    assert answer.status_code == 200
    assert answer.json()["state"] == "cancelled"
    again = acme.api().post(path)
    assert again.status_code == 409
    assert again.json()["code"] == "bad_state"


def test_a_running_evaluation_is_paused_and_goes_on(acme: Tenant) -> None:
    path = f"evaluations/{acme.evaluation.slug}/"
    paused = acme.api().post(f"{path}pause/").json()
    assert (paused["state"], paused["paused_by"], paused["expected_end"]) == (
        "running",
        "provider",
        None,
    )
    assert paused["reason"].startswith("Paused by you since")
    assert acme.api().post(f"{path}pause/").json() == paused
    assert acme.api().post(f"{path}resume/").json()["paused_by"] == ""


def test_a_running_evaluation_cannot_be_resumed(acme: Tenant) -> None:
    answer = acme.api().post(f"evaluations/{acme.evaluation.slug}/resume/")
    assert answer.status_code == 409
    assert answer.json()["code"] == "bad_state"


# --- usage, events, tokens -----------------------------------------------------------------------
def test_usage_counts_per_rotation(acme: Tenant) -> None:
    usage = acme.api().get("usage/").json()
    assert usage["owner_group"] == "acme"
    row = usage["rotations"][0]
    assert row["rotation"] == "2026-11"
    assert row["evaluations"] == 1
    assert row["cost_micro_usd"] == 0


def test_events_tell_who_did_what_and_page_by_cursor(acme: Tenant, rival: Tenant) -> None:
    acme.api().post("models/", {"slug": "nova"})
    first = acme.api().get("events/?page_size=2").json()
    assert first["results"][0]["verb"] == "model.created"
    assert first["results"][0]["actor"] == f"token {acme.token.prefix}"
    seen = [e["id"] for e in first["results"]]
    page = first
    while page["next"]:
        page = acme.api().get(page["next"].removeprefix("http://testserver")).json()
        seen += [e["id"] for e in page["results"]]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == Event.objects.filter(provider="acme").count()


def test_a_cursor_of_another_list_is_refused_by_name(acme: Tenant) -> None:
    from base64 import b64encode

    for position in ("p=zzz", "p=%00", "o=-1"):
        cursor = b64encode(position.encode()).decode()
        for path in ("endpoints/", "events/", "evaluations/"):
            answer = acme.api().get(f"{path}?cursor={cursor}")
            assert answer.status_code in (200, 400, 404), (path, position)


def test_a_token_is_shown_once(acme: Tenant) -> None:
    answer = acme.api().post("tokens/", {"name": "ci", "scopes": ["read"]})
    assert answer.status_code == 201
    made = answer.json()
    assert acme.api(made["token"]).get("models/").status_code == 200
    listed = acme.api().get("tokens/").content.decode()
    assert made["id"] in listed
    assert made["token"] not in listed


def test_a_token_cannot_make_one_that_may_do_more(acme: Tenant) -> None:
    small = acme.api(a_token(acme, "tokens"))
    answer = small.post("tokens/", {"name": "more", "scopes": ["endpoints"]})
    assert answer.status_code == 403
    assert "'endpoints'" in answer.json()["detail"]


@pytest.mark.parametrize("scopes", [[], ["all"], "read", ["read", "read", "read", "read", "read"]])
def test_wrong_scopes_are_refused(acme: Tenant, scopes: Any) -> None:
    answer = acme.api().post("tokens/", {"name": "x", "scopes": scopes})
    assert answer.status_code == 400
    assert next(iter(answer.json()["errors"])).startswith("scopes")


def test_models_of_merged_groups_are_shared(acme: Tenant, rival: Tenant) -> None:
    from benchserver.providers import register

    register.merge_groups(
        source=rival.provider.owner_group, into=acme.provider.owner_group, by="test"
    )
    listed = acme.api().get("models/").json()["results"]
    assert len(listed) == Model.objects.count() == 2
