"""How the API says no: RFC 9457 problem details with a stable ``code`` and the mend.

One function per family of failure. Example: a name in use answers 409 with ``{"type":
"/api/v1/docs/#problem-taken", "code": "taken", "title": ..., "status": 409, "detail": ..., "mend":
..., "errors": {"name": [...]}}``. Of an unexpected exception only its type and place are logged and
only an incident number is told, since its text may hold anything.
"""

from __future__ import annotations

import logging
import math
import traceback
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from benchserver.core.errors import BadInput, NotAllowed, PlatformFault
from benchserver.core.ids import opaque

log = logging.getLogger(__name__)

TYPE_BASE = "/api/v1/docs/#problem-"
CONTENT_TYPE = "application/problem+json"

# Every code the API itself gives, with its title; verbs add codes of their own (quota_used, ...).
TITLES = {
    "bad_input": "Something in the request is wrong",
    "address_refused": "An endpoint may not live there",
    "malformed": "The body is not the JSON this API reads",
    "taken": "That name is in use",
    "not_authenticated": "A token is needed",
    "bad_token": "The token is not valid",
    "scope_missing": "The token may not do this",
    "not_found": "There is no such thing here",
    "method_not_allowed": "This address does not take that method",
    "not_acceptable": "Only JSON is served here",
    "too_large": "The body is too large",
    "unsupported_media_type": "The body must be JSON",
    "key_reused": "That Idempotency-Key came with another request",
    "already_done": "That was done before and its secret is shown once",
    "throttled": "Too many requests",
    "quota_used": "The evaluations of this rotation are used up",
    "no_open_rotation": "No rotation is open on that track",
    "exposure_spent": "The exposure budget is spent",
    "endpoint_not_active": "The endpoint is not active",
    "key_missing": "The endpoint has no stored key",
    "already_running": "An evaluation is running already",
    "endpoint_changed": "The endpoint was changed since",
    "rotation_closed": "The rotation has closed",
    "paused_by_operator": "The operator has paused it",
    "nothing_to_resume": "Nothing of it may be sent again",
    "bad_state": "Its state does not allow this",
    "not_allowed": "A rule forbids this now",
    "platform_fault": "We failed, not you",
}


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"


class KeyReused(exceptions.APIException):
    status_code = 422
    default_code = "key_reused"
    default_detail = "this Idempotency-Key came with another body or address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What will be told; ``errors`` maps a field to its messages."""

    status: int
    code: str
    detail: str
    mend: str = ""
    title: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        return {
            "type": TYPE_BASE + self.code,
            "title": self.title or TITLES.get(self.code, TITLES["not_allowed"]),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "mend": self.mend,
            "errors": self.errors,
        }


def handle(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: every failure becomes one problem document."""
    problem = problem_of(exc)
    set_rollback()
    headers = dict(problem.headers)
    challenge = getattr(exc, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    return Response(
        problem.body(), status=problem.status, headers=headers, content_type=CONTENT_TYPE
    )


@singledispatch
def problem_of(exc: Exception) -> Problem:
    """The default: unexpected. Its text stays out of the answer and out of the log."""
    incident = opaque("in")
    frames = traceback.extract_tb(exc.__traceback__)[-6:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    log.error("incident %s: %s at %s", incident, type(exc).__name__, places)
    return Problem(
        status=500,
        code="platform_fault",
        detail=f"an unexpected failure on our side, incident {incident}; nothing was changed",
        mend="Try again; if it stays, tell the operator the incident number.",
    )


@problem_of.register
def _(exc: PlatformFault) -> Problem:
    log.error("platform fault %s", exc.code)
    return Problem(
        status=503,
        code="platform_fault",
        detail="a part of this service is not working; nothing was changed",
        mend="Try again in a few minutes.",
        headers={"Retry-After": "60"},
    )


@problem_of.register
def _(exc: BadInput) -> Problem:
    return Problem(
        status=409 if exc.code == "taken" else 400,
        code=exc.code,
        title=TITLES.get(exc.code, TITLES["bad_input"]),
        detail=exc.problem,
        mend=exc.mend,
        errors={exc.place: [exc.problem]} if exc.place else {},
    )


@problem_of.register
def _(exc: NotAllowed) -> Problem:
    status = 403 if exc.code == "scope_missing" else 409
    return Problem(status=status, code=exc.code, detail=exc.reason, mend=exc.mend)


@problem_of.register
def _(exc: exceptions.ValidationError) -> Problem:
    errors = field_errors(exc.detail)
    names = ", ".join(name or "body" for name in errors)
    return Problem(
        status=400,
        code="bad_input",
        detail=f"nothing was changed; wrong: {names}",
        mend="Mend the named fields and send the request again.",
        errors=errors,
    )


def field_errors(detail: Any, place: str = "") -> dict[str, list[str]]:
    """``{"scopes": {0: ["..."]}}`` flattened to ``{"scopes.0": ["..."]}``."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            here = "" if name == "non_field_errors" else str(name)
            found |= field_errors(inner, ".".join(part for part in (place, here) if part))
        return found
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        return field_errors(dict(enumerate(detail)), place)
    return {place: [str(item) for item in (detail if isinstance(detail, list) else [detail])]}


@problem_of.register
def _(exc: exceptions.ParseError) -> Problem:
    return Problem(
        status=400, code="malformed", detail=str(exc.detail), mend="Send one JSON object, UTF-8."
    )


@problem_of.register
def _(exc: exceptions.NotAuthenticated) -> Problem:
    return Problem(
        status=401,
        code="not_authenticated",
        detail="this address needs a token",
        mend="Send the header Authorization: Bearer TOKEN.",
    )


@problem_of.register
def _(exc: exceptions.AuthenticationFailed) -> Problem:
    return Problem(
        status=401, code="bad_token", detail=str(exc.detail), mend="Issue a new token and use it."
    )


@problem_of.register(exceptions.PermissionDenied)
@problem_of.register(DjangoPermissionDenied)
def _(exc: Exception) -> Problem:
    return Problem(status=403, code="not_allowed", detail="this token may not do that")


@problem_of.register(exceptions.NotFound)
@problem_of.register(Http404)
def _(exc: Exception) -> Problem:
    return Problem(
        status=404, code="not_found", detail="nothing of yours has that name", mend="Check the id."
    )


@problem_of.register
def _(exc: exceptions.Throttled) -> Problem:
    seconds = max(1, math.ceil(getattr(exc, "wait", None) or 1))
    return Problem(
        status=429,
        code="throttled",
        detail=f"this provider asked too often; the next request is taken in {seconds} s",
        mend="Wait as long as Retry-After says.",
        headers={"Retry-After": str(seconds)},
    )


@problem_of.register
def _(exc: exceptions.UnsupportedMediaType) -> Problem:
    return Problem(
        status=415,
        code="unsupported_media_type",
        detail="only application/json is read here",
        mend="Send Content-Type: application/json.",
    )


@problem_of.register
def _(exc: exceptions.APIException) -> Problem:
    code = str(exc.default_code)
    return Problem(status=exc.status_code, code=code, detail=str(exc.detail))
