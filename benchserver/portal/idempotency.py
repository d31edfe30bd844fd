"""A write that arrives twice happens once: ``Idempotency-Key`` on every POST.

The key is claimed in the transaction of the write itself: a twin that arrives meanwhile waits on
the unique index, then finds the finished answer. A refused write leaves no claim, so it may be
mended and sent again with the same key. Kept for a day. Example: two ``POST endpoints/`` with key
``a1`` make one endpoint, and the second answer carries ``Idempotent-Replayed: true``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from benchserver.core.errors import BadInput, NotAllowed
from benchserver.portal.models import IdempotentAnswer
from benchserver.portal.problems import KeyReused
from benchserver.providers.models import Provider

KEPT = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What makes two requests the same: who, key, route and body."""

    provider: Provider
    key: str
    route: str
    body: dict[str, Any]

    @property
    def digest(self) -> str:
        text = json.dumps(self.body, sort_keys=True, separators=(",", ":"))
        secret = salted_hmac("benchserver.portal.idempotency", text, algorithm="sha256")
        return secret.hexdigest()


def once(request: Request, work: Callable[[], Response], *, keep_answer: bool = True) -> Response:
    """Run ``work`` in one transaction, or give again what it answered before.

    Raises ``BadInput`` for a malformed key, ``KeyReused`` (422) when the key came with another
    request, ``NotAllowed`` (``already_done``) when the answer held a secret and is not kept.
    """
    if not request.key:
        with transaction.atomic():
            return work()
    if not _KEY.fullmatch(request.key):
        raise BadInput(
            "an Idempotency-Key has 1 to 200 printable ASCII characters", place="Idempotency-Key"
        )
    with transaction.atomic():
        claim = _claim(request)
        if claim is None:
            return _again(request)
        response = work()
        claim.status = response.status_code
        claim.answer = _plain(response.data) if keep_answer else None
        claim.location = response.headers.get("Location", "")
        claim.save()
        return response


def _claim(request: Request) -> IdempotentAnswer | None:
    """A fresh row, or None when the key is known. Waits for a twin in another transaction."""
    mine = IdempotentAnswer.objects.filter(provider=request.provider)
    mine.filter(created_at__lt=Now() - KEPT).delete()
    try:
        with transaction.atomic():
            return IdempotentAnswer.objects.create(
                provider=request.provider,
                key=request.key,
                route=request.route,
                digest=request.digest,
            )
    except IntegrityError:
        return None


def _again(request: Request) -> Response:
    known = IdempotentAnswer.objects.get(provider=request.provider, key=request.key)
    if (known.route, known.digest) != (request.route, request.digest):
        raise KeyReused()
    if known.answer is None:
        raise NotAllowed(
            "this was done before; its answer held a secret and is not kept",
            code="already_done",
            mend="If the secret is lost, revoke it and make a new one with another key.",
        )
    headers = {"Idempotent-Replayed": "true"}
    if known.location:
        headers["Location"] = known.location
    return Response(known.answer, status=known.status, headers=headers)


def _plain(data: Any) -> Any:
    """Answer data as the JSON that was sent."""
    return json.loads(json.dumps(data, cls=JSONEncoder))
