"""Every refusal has one shape, and no failure tells what it must not."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError
from rest_framework.throttling import UserRateThrottle

from benchserver.core.errors import PlatformFault
from benchserver.portal import problems
from benchserver.portal.api import models as model_views
from benchserver.portal.parsing import MAX_BODY, parse
from tests.portal.conftest import Tenant

SHAPE = {"type", "title", "status", "code", "detail", "mend", "errors"}


def check(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) == SHAPE
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"].endswith(f"#problem-{code}")
    assert problem["title"]
    return problem


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"slug": "a", "slug": "b"}',
        b'{"slug": "a", "open": NaN}',
        b'{"slug": "a", "open": Infinity}',
        b'{"slug": "a", "open": 1e999}',
        b'{"slug": "\xff"}',
        b'{"slug": "\\ud800"}',
        b"[" * 30_000,
        b'{"slug": ' + b"9" * 5000 + b"}",
    ],
)
@pytest.mark.django_db
def test_what_is_not_one_clear_json_object_is_malformed(acme: Tenant, body: bytes) -> None:
    check(acme.api().post("models/", body), 400, "malformed")


@pytest.mark.django_db
def test_a_doubled_key_is_named(acme: Tenant) -> None:
    problem = check(acme.api().post("models/", b'{"slug": 1, "slug": 2}'), 400, "malformed")
    assert "'slug'" in problem["detail"]


@pytest.mark.django_db
def test_an_unknown_field_is_named(acme: Tenant) -> None:
    answer = acme.api().post("models/", {"slug": "nova", "colour": "red"})
    assert list(check(answer, 400, "bad_input")["errors"]) == ["colour"]
    assert acme.api().get("models/").json()["results"][0]["slug"] != "nova"


@pytest.mark.django_db
def test_a_body_where_none_belongs_is_refused(acme: Tenant) -> None:
    path = f"evaluations/{acme.evaluation.slug}/cancel/"
    check(acme.api().post(path, {"because": "so"}), 400, "bad_input")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.django_db
def test_a_body_above_the_cap_is_too_large(acme: Tenant, method: str) -> None:
    path = "models/" if method == "POST" else f"endpoints/{acme.endpoint.slug}/"
    body = b'{"slug": "' + b"a" * MAX_BODY + b'"}'
    check(acme.api()(method, path, body), 413, "too_large")


@pytest.mark.django_db
def test_a_body_at_the_cap_is_read(acme: Tenant) -> None:
    body = b'{"slug": "' + b"a" * (MAX_BODY - 12) + b'"}'
    assert len(body) == MAX_BODY
    check(acme.api().post("models/", body), 400, "bad_input")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/xml"])
@pytest.mark.django_db
def test_only_json_is_read(acme: Tenant, kind: str) -> None:
    answer = acme.api().post("models/", b"slug=nova", content_type=kind)
    check(answer, 415, "unsupported_media_type")


@pytest.mark.django_db
def test_only_json_is_written(acme: Tenant) -> None:
    check(acme.api().get("models/", Accept="text/html"), 406, "not_acceptable")


@pytest.mark.django_db
def test_missing_things_and_methods(acme: Tenant) -> None:
    check(acme.api().get("endpoints/ep_nothing/"), 404, "not_found")
    check(acme.api()("PUT", "models/", {}), 405, "method_not_allowed")


@pytest.mark.django_db
def test_too_many_requests_say_when_the_next_is_taken(
    acme: Tenant, rival: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "3/min"})
    for _ in range(3):
        assert acme.api().get("models/").status_code == 200
    answer = acme.api().get("models/")
    check(answer, 429, "throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert rival.api().get("models/").status_code == 200


@pytest.mark.django_db
def test_an_unexpected_failure_tells_nothing_but_an_incident(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("key sk-secret of task def hidden(): ...")

    monkeypatch.setattr(model_views.register, "create_model", broken)
    answer = acme.api().post("models/", {"slug": "nova"})
    problem = check(answer, 500, "platform_fault")
    assert "incident in_" in problem["detail"]
    for text in (answer.content.decode(), caplog.text):
        assert "sk-secret" not in text
        assert "hidden" not in text
    assert "RuntimeError" in caplog.text


@pytest.mark.django_db
def test_a_fault_of_ours_is_503_without_its_detail(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise PlatformFault("no_key", "/srv/keys/seal.pub is missing")

    monkeypatch.setattr(model_views.register, "create_model", broken)
    answer = acme.api().post("models/", {"slug": "nova"})
    problem = check(answer, 503, "platform_fault")
    assert answer.headers["Retry-After"]
    assert "/srv" not in json.dumps(problem)


def test_errors_of_lists_are_flattened_to_places() -> None:
    detail = {"scopes": {0: ["bad"]}, "non_field_errors": ["whole"], "rows": [{}, {"a": ["x"]}]}
    assert problems.field_errors(detail) == {
        "scopes.0": ["bad"],
        "": ["whole"],
        "rows.1.a": ["x"],
    }


def test_a_plain_denial_is_403() -> None:
    assert problems.problem_of(PermissionDenied("secret")).detail == "this token may not do that"


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_object_or_a_parse_error(raw: bytes) -> None:
    with contextlib.suppress(ParseError):
        assert isinstance(parse(raw), dict)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.text(max_size=8), json_values, max_size=5))
def test_what_json_writes_is_read_back(value: dict[str, Any]) -> None:
    assert parse(json.dumps(value).encode()) == value
