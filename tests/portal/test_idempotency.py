"""A write that arrives twice happens once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from benchserver.portal import idempotency
from benchserver.portal.models import IdempotentAnswer
from benchserver.providers.models import Endpoint, Model, Token
from tests.portal.conftest import API_KEY, Tenant

pytestmark = pytest.mark.django_db

ENDPOINT = {
    "name": "second",
    "model_slug": "acme-model-1",
    "protocol": "openai_chat",
    "base_url": "https://second.example.org/v1",
    "model": "m",
    "api_key": API_KEY,
}


def test_the_second_answer_is_the_first(acme: Tenant) -> None:
    first = acme.api().post("endpoints/", ENDPOINT, Idempotency_Key="k1")
    again = acme.api().post("endpoints/", ENDPOINT, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert Endpoint.objects.filter(name="second").count() == 1


def test_the_same_key_with_another_body_or_route_is_refused(acme: Tenant) -> None:
    acme.api().post("endpoints/", ENDPOINT, Idempotency_Key="k1")
    other = acme.api().post("endpoints/", {**ENDPOINT, "name": "third"}, Idempotency_Key="k1")
    assert other.status_code == 422
    assert other.json()["code"] == "key_reused"
    route = acme.api().post("models/", {"slug": "nova"}, Idempotency_Key="k1")
    assert route.status_code == 422


def test_keys_of_two_providers_never_meet(acme: Tenant, rival: Tenant) -> None:
    body = {"slug": "nova"}
    assert acme.api().post("models/", body, Idempotency_Key="k").status_code == 201
    answer = rival.api().post("models/", body, Idempotency_Key="k")
    assert answer.json()["code"] == "taken"


def test_a_refused_write_may_be_mended_and_sent_with_the_same_key(acme: Tenant) -> None:
    bad = {**ENDPOINT, "protocol": "none"}
    assert acme.api().post("endpoints/", bad, Idempotency_Key="k").status_code == 400
    assert not IdempotentAnswer.objects.exists()
    assert acme.api().post("endpoints/", ENDPOINT, Idempotency_Key="k").status_code == 201


def test_a_token_is_never_kept_and_its_replay_says_so(acme: Tenant) -> None:
    body = {"name": "ci", "scopes": ["read"]}
    made = acme.api().post("tokens/", body, Idempotency_Key="t").json()
    count = Token.objects.count()
    again = acme.api().post("tokens/", body, Idempotency_Key="t")
    assert again.status_code == 409
    assert again.json()["code"] == "already_done"
    assert "revoke" in again.json()["mend"]
    assert Token.objects.count() == count
    assert made["token"] not in _stored()


def test_no_api_key_is_in_what_is_stored(acme: Tenant) -> None:
    acme.api().post("endpoints/", ENDPOINT, Idempotency_Key="k1")
    assert IdempotentAnswer.objects.count() == 1
    assert API_KEY not in _stored()


def _stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM portal_idempotentanswer t")
        return str(cursor.fetchall())


@pytest.mark.parametrize("key", ["with space", "x" * 201, "ü"])
def test_a_malformed_key_is_named(acme: Tenant, key: str) -> None:
    answer = acme.api().post("models/", {"slug": "nova"}, Idempotency_Key=key)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["Idempotency-Key"]


def test_a_key_is_forgotten_after_a_day(acme: Tenant) -> None:
    acme.api().post("models/", {"slug": "nova"}, Idempotency_Key="k")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE portal_idempotentanswer SET created_at = created_at - %s", [idempotency.KEPT]
        )
    again = acme.api().post("models/", {"slug": "nova"}, Idempotency_Key="k")
    assert again.status_code == 409
    assert again.json()["code"] == "taken"


@pytest.mark.django_db(transaction=True)
def test_twins_at_the_same_moment_make_one(acme: Tenant) -> None:
    """Eight real connections send the same write; one wins and all hear the same."""
    answers: list[Any] = []
    start = threading.Barrier(8)

    def send() -> None:
        try:
            start.wait()
            answers.append(acme.api().post("models/", {"slug": "nova"}, Idempotency_Key="k"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status_code for a in answers} == {201}
    assert all(a.json() == answers[0].json() for a in answers)
    assert Model.objects.filter(slug="nova").count() == 1
