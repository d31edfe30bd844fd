"""Two providers who must never meet: each with account, token, model, endpoint and evaluation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from benchserver import dispatch, wiring
from benchserver.core.errors import BadInput
from benchserver.core.ids import opaque
from benchserver.core.protocol import Protocol
from benchserver.engines.vault.base import Right
from benchserver.engines.vault.keyring import ensure_keys, public_file
from benchserver.engines.vault.sealer import HpkeSealer
from benchserver.evaluations.models import Evaluation
from benchserver.pools.models import Form, Pool, Rotation, Track
from benchserver.providers import register, tokens
from benchserver.providers.models import Account, Endpoint, Model, Provider, Token
from tests import factories

API_KEY = "sk-very-secret-0123456789"
ALL = ("read", "endpoints", "evaluations", "tokens")


@dataclass
class Tenant:
    provider: Provider
    account: Account
    model: Model
    endpoint: Endpoint
    evaluation: Evaluation
    token: Token
    text: str

    def api(self, text: str = "") -> Api:
        return Api(text or self.text)

    def browser(self) -> Client:
        client = Client()
        client.force_login(self.account, "django.contrib.auth.backends.ModelBackend")
        return client


class Api:
    """A client that speaks JSON with a bearer token."""

    def __init__(self, text: str = "") -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {text}"} if text else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.client.generic(
            method,
            path if path.startswith("/") else f"/api/v1/{path}",
            b"" if body is None else raw,
            content_type=headers.pop("content_type", "application/json"),
            headers={**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self("DELETE", path, **headers)


@pytest.fixture(autouse=True)
def _fresh_throttle() -> None:
    cache.clear()


@pytest.fixture(scope="session")
def sealing_keys(tmp_path_factory: pytest.TempPathFactory) -> HpkeSealer:
    folder = tmp_path_factory.mktemp("keys")
    ensure_keys(folder)
    return HpkeSealer.from_files({right: public_file(folder, right) for right in Right})


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch, sealing_keys: HpkeSealer) -> None:
    """A real sealer on keys of this session; an address guard that refuses ``internal``."""

    def check_address(url: str) -> None:
        if not url.startswith("https://") or "internal" in url:
            raise BadInput("that address is not allowed", place="base_url", mend="Use https.")

    monkeypatch.setattr(wiring, "sealer", lambda: sealing_keys)
    monkeypatch.setattr(wiring, "check_address", check_address)
    monkeypatch.setattr(dispatch, "flush", lambda: None)


@pytest.fixture
def track(db: None) -> Track:
    pool = Pool.objects.create(slug="pool", name="Pool")
    track = Track.objects.create(
        slug="functions", name="Functions", pool=pool, protocol_payload=Protocol().to_payload()
    )
    now = timezone.now()
    rotation = Rotation.objects.create(
        slug="2026-11",
        pool=pool,
        state="open",
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=1),
    )
    Form.objects.create(rotation=rotation, track=track, protocol_digest=Protocol().digest)
    return track


def make_tenant(name: str, track: Track) -> Tenant:
    provider = register.create_provider(
        name=name, email=f"{name}@example.org", password=None, by="test"
    )
    model = register.create_model(
        provider=provider,
        name=f"{name}-model",
        version="1",
        declared_cutoff=None,
        open_weights=False,
        by="test",
    )
    endpoint = register.create_endpoint(
        provider=provider,
        model=model,
        name="main",
        protocol="openai_chat",
        base_url=f"https://{name}.example.org/v1",
        wire_model="m",
        api_key=API_KEY,
        price_in=1_000_000,
        price_out=2_500_000,
        max_concurrency=4,
        max_rps=None,
        sealer=wiring.sealer(),
        check_address=wiring.check_address,
        by="test",
    )
    factories.admitted(endpoint)
    token, text = tokens.issue(provider=provider, name="all", scopes=ALL, by="test")
    return Tenant(
        provider=provider,
        account=provider.accounts.get(),
        model=model,
        endpoint=endpoint,
        evaluation=make_evaluation(endpoint, track),
        token=token,
        text=text,
    )


def make_evaluation(endpoint: Endpoint, track: Track, **changes: Any) -> Evaluation:
    form = Form.objects.get(track=track)
    fields: dict[str, Any] = {
        "slug": opaque("ev"),
        "provider": endpoint.provider,
        "owner_group": endpoint.provider.owner_group,
        "model": endpoint.model,
        "endpoint": endpoint,
        "endpoint_revision": endpoint.revision,
        "rotation": form.rotation,
        "track": track,
        "form": form,
        "protocol_payload": track.protocol_payload,
        "total": 40,
    }
    made = Evaluation.objects.create(**{**fields, **changes})
    made.refresh_from_db()
    return made


@pytest.fixture
def acme(engines: None, track: Track) -> Tenant:
    return make_tenant("acme", track)


@pytest.fixture
def rival(engines: None, track: Track) -> Tenant:
    return make_tenant("rival", track)


def a_token(tenant: Tenant, *scopes: str) -> str:
    return tokens.issue(provider=tenant.provider, name="some", scopes=scopes, by="test")[1]
