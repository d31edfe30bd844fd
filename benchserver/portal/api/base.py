"""What every provider view has in common: token, scope, strict body, pages, idempotent writes.

A view never sees another provider's rows, since it starts from ``self.provider``. Example:
``@documented(name="models_list", scope="read", ...)`` above ``get`` is schema and gate at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from benchserver.portal import idempotency
from benchserver.portal.authentication import HasScope, Principal
from benchserver.portal.parsing import StrictJSON, refuse_large
from benchserver.portal.problems import CONTENT_TYPE
from benchserver.portal.serializers import Closed, Problem
from benchserver.providers.models import Provider

Answer = type[Closed] | BaseSerializer[Any] | None

IDEMPOTENCY_KEY = OpenApiParameter(
    name="Idempotency-Key",
    location=OpenApiParameter.HEADER,
    required=False,
    description="Sent again with the same key within a day, a write happens once.",
)


def documented(
    *,
    name: str,
    text: str,
    scope: str,
    answers: dict[int, Answer],
    body: type[Closed] | None = None,
    refusals: tuple[int, ...] = (),
    idempotent: bool = False,
) -> Callable[[Any], Any]:
    """Give a method its schema, the problems every route may answer, and the scope it needs."""
    always = (401, 403, 406, 429, 500, 503)
    writes = (400, 413, 415) if body is not None else ()
    replays = (409, 422) if idempotent else ()
    responses: dict[Any, Any] = dict(answers)
    for status in sorted({*always, *writes, *replays, *refusals}):
        responses[(status, CONTENT_TYPE)] = Problem
    describe = extend_schema(
        operation_id=name,
        description=f"{text} Scope: `{scope}`.",
        request=body,
        responses=responses,
        parameters=[IDEMPOTENCY_KEY] if idempotent else None,
        tags=["provider"],
    )

    def decorate(method: Any) -> Any:
        method.scope = scope
        return describe(method)

    return decorate


class ProviderView(GenericAPIView[Any]):
    """Base of all provider views; every method is ``documented``."""

    permission_classes = (IsAuthenticated, HasScope)
    parser_classes = (StrictJSON,)
    http_method_names = ("get", "head", "post", "patch", "delete")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or "0"
        refuse_large(int(length) if length.isdigit() else 0)

    @property
    def principal(self) -> Principal:
        principal: Principal = self.request.user  # type: ignore[assignment]
        return principal

    @property
    def provider(self) -> Provider:
        return self.principal.provider

    def read(self, serializer: type[Closed], *, partial: bool = False) -> dict[str, Any]:
        """The body's checked fields; raises the validation error that names each bad one."""
        checked = serializer(data=self.request.data, partial=partial)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def pages(self, queryset: QuerySet[Any], answer: type[Closed]) -> Response:
        rows = self.paginate_queryset(queryset)
        return self.get_paginated_response(answer(rows, many=True).data)

    def once(self, work: Callable[[], Response], *, keep_answer: bool = True) -> Response:
        """Do a write once per ``Idempotency-Key``."""
        request = idempotency.Request(
            provider=self.provider,
            key=self.request.headers.get("Idempotency-Key", ""),
            route=f"{self.request.method} {self.request.path}"[:200],
            body=dict(self.request.data),
        )
        return idempotency.once(request, work, keep_answer=keep_answer)
