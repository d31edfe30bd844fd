"""``tokens/``: issue (shown once), list, revoke. No token makes one that may do more than it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from benchserver.portal.api.base import ProviderView, documented
from benchserver.portal.serializers import NewToken, TokenAnswer, TokenRequest
from benchserver.providers import tokens
from benchserver.providers.models import Token


class Tokens(ProviderView):
    serializer_class = TokenAnswer
    queryset = Token.objects.none()

    @documented(
        name="tokens_list",
        scope="tokens",
        text="Your tokens, revoked ones included, newest first. Their text is not kept.",
        answers={200: TokenAnswer(many=True)},
        refusals=(400,),
    )
    def get(self, request: Request) -> Response:
        return self.pages(self.provider.tokens.all(), TokenAnswer)

    @documented(
        name="tokens_create",
        scope="tokens",
        text="Issue a token; `token` is shown this once. It may have the scopes you have. A replay "
        "with the same Idempotency-Key answers 409, since the text is not kept.",
        body=TokenRequest,
        answers={201: NewToken},
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        return self.once(self._issue, keep_answer=False)

    def _issue(self) -> Response:
        fields = self.read(TokenRequest)
        for scope in fields["scopes"]:
            self.principal.require(scope)
        token, text = tokens.issue(provider=self.provider, by=self.principal.name, **fields)
        token.refresh_from_db()
        answer: dict[str, Any] = {**TokenAnswer(token).data, "token": text}
        return Response(answer, status=201)


class OneToken(ProviderView):
    serializer_class = TokenAnswer
    queryset = Token.objects.none()

    @documented(
        name="tokens_revoke",
        scope="tokens",
        text="Revoke a token; its next request is refused. A token may revoke itself.",
        answers={204: None},
        refusals=(404,),
    )
    def delete(self, request: Request, id: str) -> Response:
        mine: QuerySet[Token] = self.provider.tokens.filter(revoked_at=None)
        tokens.revoke(token=get_object_or_404(mine, prefix=id), by=self.principal.name)
        return Response(status=204)
