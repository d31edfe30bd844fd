"""Who is asking? A bearer token names a provider and what the caller may do for it.

The API knows tokens only: no session, hence no CSRF. Example: ``Authorization: Bearer bs_...``
makes ``request.user`` a ``Principal`` whose ``provider`` every query is filtered by. A revoked or
expired token is refused by the very next request, since each one asks the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from benchserver.core.errors import NotAllowed
from benchserver.providers import tokens
from benchserver.providers.models import Provider, Token

if TYPE_CHECKING:  # rest_framework.views itself loads this module
    from rest_framework.views import APIView


@dataclass(frozen=True, slots=True)
class Principal:
    """A live token's holder: what DRF and its throttle call a user."""

    token: Token

    is_authenticated = True

    @property
    def pk(self) -> UUID:
        """The provider's id, so all tokens of one provider share one rate."""
        return self.token.provider_id

    @property
    def provider(self) -> Provider:
        return self.token.provider

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.token.scopes)

    @property
    def name(self) -> str:
        """How the audit trail calls this caller."""
        return f"token {self.token.prefix}"

    def require(self, scope: str) -> None:
        """Raise ``NotAllowed`` (code ``scope_missing``) naming the scope this token lacks."""
        if scope not in self.scopes:
            raise NotAllowed(
                f"this token lacks the scope {scope!r}",
                code="scope_missing",
                mend=f"Use a token that has {scope!r}.",
            )


class TokenAuthentication(BaseAuthentication):
    """RFC 6750 bearer tokens, in the header only."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if len(parts) != 2 or parts[0].lower() != b"bearer":
            raise AuthenticationFailed("send one bearer token", code="bad_token")
        token = tokens.find(parts[1].decode("latin-1"))
        if token is None:
            raise AuthenticationFailed("this token is unknown, expired or revoked", "bad_token")
        return Principal(token), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="benchserver"'


class HasScope(BasePermission):
    """``documented`` gives each method its scope; a token without it is told which it lacks."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        name = (request.method or "").lower()
        handler = getattr(view, name, None)
        if handler is None or name not in view.http_method_names:
            return True  # answered with 405
        request.user.require(handler.scope)  # type: ignore[union-attr]
        return True
