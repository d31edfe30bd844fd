"""Tokens: shown once, kept as a hash, scoped, gone the moment they are revoked."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import connection

from benchserver.audit.models import Event
from benchserver.core.errors import BadInput
from benchserver.pools.rotate import database_now
from benchserver.providers import tokens
from benchserver.providers.models import Token
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued():
    return tokens.issue(
        provider=factories.provider(), name="ci", scopes=["read", "evaluations", "read"], by="me"
    )


def test_the_database_holds_a_hash_and_never_the_token(issued):
    token, text = issued
    assert token.digest == hashlib.sha256(text.encode()).hexdigest()
    secret = text[len(token.prefix) + 1 :]
    assert len(secret) == 43
    with connection.cursor() as cursor:
        for table in ("providers_token", "audit_event"):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            assert secret not in "".join(row[0] for row in cursor.fetchall())
    assert secret not in f"{token}{token!r}"


def test_a_token_finds_its_provider_and_is_marked_as_used(issued):
    token, text = issued
    found = tokens.find(text)
    assert found.provider == token.provider
    assert found.scopes == ["evaluations", "read"]
    assert Token.objects.get().last_used_at is not None


def test_a_revoked_token_is_dead_at_once_and_says_so_to_its_owner(issued):
    token, text = issued
    tokens.revoke(token=token, by="me")
    assert tokens.find(text) is None
    revoked = Event.objects.get(verb="token.revoked")
    assert (revoked.target, revoked.provider) == (token.prefix, token.provider.slug)
    first = Token.objects.get().revoked_at
    tokens.revoke(token=token, by="me")
    assert Token.objects.get().revoked_at == first


def test_a_token_ends_at_its_date(issued):
    _, text = issued
    Token.objects.update(expires_at=database_now() + timedelta(hours=1))
    assert tokens.find(text)
    Token.objects.update(expires_at=database_now() - timedelta(seconds=1))
    assert tokens.find(text) is None


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "A", str.upper, lambda t: ""])
def test_nearly_the_token_is_not_the_token(issued, change):
    assert tokens.find(change(issued[1])) is None
    assert tokens.find("bs_" + "x" * 10_000) is None


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", "everything"]])
def test_a_token_has_scopes_from_the_list(scopes):
    provider = factories.provider()
    with pytest.raises(BadInput) as refusal:
        tokens.issue(provider=provider, name="x", scopes=scopes, by="me")
    assert refusal.value.place == "scopes"
    assert not Token.objects.exists()
