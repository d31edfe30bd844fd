"""API tokens: scoped, hashed, shown once, revocable at once.

A token is ``bs_`` + 8 public characters + ``_`` + 43 random ones. The database keeps SHA-256 of it:
256 random bits need no slow hash. Example: ``issue(provider=p, name="ci", scopes=["read"])``.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from benchserver.audit.record import record
from benchserver.core.errors import BadInput
from benchserver.core.ids import opaque
from benchserver.providers.models import Provider, Token

SCOPES = ("read", "endpoints", "evaluations", "tokens")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def issue(*, provider: Provider, name: str, scopes: Iterable[str], by: str) -> tuple[Token, str]:
    """A new token and its text, which is never seen again. Raises ``BadInput`` on a wrong scope."""
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise BadInput(
            f"unknown scope {unknown[0]!r}" if unknown else "a token needs a scope",
            place="scopes",
            mend=f"Choose from {', '.join(SCOPES)}.",
        )
    prefix = opaque("bs")[:11]
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = Token.objects.create(
        provider=provider, name=name, prefix=prefix, digest=_digest(text), scopes=wanted
    )
    record("token.issued", by=by, target=prefix, provider=provider.slug, scopes=wanted)
    return token, text


def find(text: str) -> Token | None:
    """The live token with this text, or None; marks it used."""
    if not text.startswith("bs_") or len(text) > 200:
        return None
    live = Token.objects.filter(digest=_digest(text), revoked_at=None).filter(
        Q(expires_at=None) | Q(expires_at__gt=Now())
    )
    token = live.select_related("provider__owner_group").first()
    if token is not None:
        Token.objects.filter(pk=token.pk).update(last_used_at=Now())
    return token


@transaction.atomic
def revoke(*, token: Token, by: str) -> None:
    Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now())
    record("token.revoked", by=by, target=token.prefix, provider=token.provider.slug)
