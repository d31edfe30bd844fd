"""Bring in providers, their models and their endpoints.

Verbs only: atomic, audited, keyword-only. An endpoint's key is sealed with the public half and can
never be read back by the web process. Example: changing an endpoint's URL to another host drops the
stored key, so a stolen account cannot aim a key elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from benchserver.audit.keys import keep, shred
from benchserver.audit.record import record
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.ids import opaque
from benchserver.engines.vault.base import Context, Right, Sealer
from benchserver.providers.models import Account, Endpoint, Model, OwnerGroup, Provider
from benchserver.providers.queries import is_admitted

PAUSED_BY_HAND = "paused by its provider"
REACHES = {"base_url", "wire_model", "protocol", "options"}  # fields that may lead to another model

# Refuses an address an endpoint may not have; raises BadInput. Given by the composition root.
AddressCheck = Callable[[str], None]


@transaction.atomic
def create_provider(*, name: str, email: str, password: str | None, by: str) -> Provider:
    """An organisation with its own owner group and first account.

    Raises ``BadInput`` when name or e-mail is taken or malformed.
    """
    slug = slugify(name)
    if not slug:
        raise BadInput(f"{name!r} has no letters or digits", place="name")
    if Provider.objects.filter(slug=slug).exists():
        raise BadInput(f"provider {slug!r} exists", place="name", mend="Choose another name.")
    if "@" not in email or Account.objects.filter(username=email).exists():
        raise BadInput(f"{email!r} is taken or no e-mail address", place="email")
    group = OwnerGroup.objects.create(slug=slug, name=name)
    provider = Provider.objects.create(slug=slug, name=name, owner_group=group)
    Account.objects.create_user(username=email, email=email, password=password, provider=provider)
    record("provider.created", by=by, target=slug, provider=slug)
    return provider


@transaction.atomic
def merge_groups(*, source: OwnerGroup, into: OwnerGroup, by: str) -> None:
    """Declare two groups one adversary (D15): exposure and quota are counted together from now.

    Past rows keep the group under which they were made, so history stays true; the merged group's
    providers and models move.
    """
    if source.pk == into.pk:
        raise BadInput("a group cannot be merged into itself", place="into")
    source.providers.update(owner_group=into)
    source.models.update(owner_group=into)
    record("group.merged", by=by, target=source.slug, into=into.slug)


@transaction.atomic
def create_model(
    *,
    provider: Provider,
    name: str,
    version: str,
    declared_cutoff: date | None,
    open_weights: bool,
    by: str,
) -> Model:
    """Raises ``BadInput`` (code ``taken``) when the group has it or its public name is in use."""
    slug = slugify(f"{name}-{version}" if version else name)
    if not slug:
        raise BadInput(f"{name!r} has no letters or digits", place="slug")
    try:
        with transaction.atomic():
            model = Model.objects.create(
                owner_group=provider.owner_group,
                name=slugify(name),
                version=version,
                slug=slug,
                declared_cutoff=declared_cutoff,
                open=open_weights,
            )
    except IntegrityError:
        raise BadInput(
            f"model {slug!r} exists",
            place="slug",
            mend="Choose another slug or version.",
            code="taken",
        ) from None
    record("model.created", by=by, target=slug, provider=provider.slug)
    return model


def _key_context(endpoint: Endpoint, revision: int) -> Context:
    return Context(table="endpoint", row=str(endpoint.pk), field="api_key", revision=revision)


def key_context(endpoint: Endpoint) -> Context:
    """What the stored key is bound to; the generate worker opens it with this."""
    return _key_context(endpoint, endpoint.key_revision)


def _store_key(*, endpoint: Endpoint, api_key: str, sealer: Sealer) -> None:
    """Seal a new key and shred the old one. The caller saves the endpoint."""
    drop_key(endpoint=endpoint)
    endpoint.key_revision += 1
    context = _key_context(endpoint, endpoint.key_revision)
    wrapped, sealed = sealer.seal(Right.GENERATE, {context: api_key.encode()})
    endpoint.key_data_key = keep(wrapped)
    endpoint.key_sealed = sealed[context]


def drop_key(*, endpoint: Endpoint) -> None:
    if endpoint.key_data_key:
        shred(endpoint.key_data_key)
    endpoint.key_data_key = ""
    endpoint.key_sealed = None


@transaction.atomic
def create_endpoint(
    *,
    provider: Provider,
    model: Model,
    name: str,
    protocol: str,
    base_url: str,
    wire_model: str,
    api_key: str,
    price_in: int | None,
    price_out: int | None,
    max_concurrency: int,
    max_rps: Decimal | None,
    sealer: Sealer,
    check_address: AddressCheck,
    by: str,
    options: Mapping[str, Any] | None = None,
) -> Endpoint:
    """``options``: as the protocol's own check gave them. Raises ``BadInput`` for a forbidden
    address, a foreign model or a name in use."""
    if model.owner_group_id != provider.owner_group_id:
        raise BadInput("that model belongs to another group", place="model_slug")
    check_address(base_url)
    if provider.endpoints.filter(name=name).exclude(state=Endpoint.State.DELETED).exists():
        raise BadInput(f"endpoint {name!r} exists", place="name", code="taken")
    endpoint = Endpoint(
        slug=opaque("ep"),
        provider=provider,
        model=model,
        name=name,
        protocol=protocol,
        options=dict(options or {}),
        base_url=base_url,
        wire_model=wire_model,
        price_in=price_in,
        price_out=price_out,
        max_concurrency=max_concurrency,
        max_rps=max_rps,
    )
    if api_key:
        _store_key(endpoint=endpoint, api_key=api_key, sealer=sealer)
    endpoint.save()
    record("endpoint.created", by=by, target=endpoint.slug, provider=provider.slug)
    return endpoint


@transaction.atomic
def change_endpoint(
    *,
    endpoint: Endpoint,
    changes: dict[str, object],
    api_key: str | None,
    sealer: Sealer,
    check_address: AddressCheck,
    by: str,
) -> Endpoint:
    """Apply ``changes`` (field name -> value). Another URL scheme, host or port drops the stored
    key unless a new one comes along. The revision grows when another model may be reached, so
    running evaluations notice; then, and after a new key, it awaits admission before anything is
    sent to it. Any other change wakes an admitted endpoint that was paused by hand.
    Raises ``NotAllowed`` for a deleted endpoint: its address and key are gone for good."""
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    if endpoint.state == Endpoint.State.DELETED:
        raise NotAllowed(f"endpoint {endpoint.name} is deleted", code="endpoint_not_active")
    before = urlsplit(endpoint.base_url)[:2]
    for field, value in changes.items():
        setattr(endpoint, field, value)
    if "base_url" in changes:
        check_address(endpoint.base_url)
    if api_key:
        _store_key(endpoint=endpoint, api_key=api_key, sealer=sealer)
    elif urlsplit(endpoint.base_url)[:2] != before:
        drop_key(endpoint=endpoint)
    endpoint.revision += bool(REACHES & set(changes))
    endpoint.state, endpoint.pause_reason = _state_after(endpoint), ""
    endpoint.save()
    record(
        "endpoint.changed",
        by=by,
        target=endpoint.slug,
        provider=endpoint.provider.slug,
        fields=sorted(changes) + (["api_key"] if api_key else []),
    )
    return endpoint


def _state_after(endpoint: Endpoint) -> str:
    """Active only where the newest visit was to just this and nothing but a hand paused it."""
    by_hand = endpoint.state == Endpoint.State.ACTIVE or endpoint.pause_reason == PAUSED_BY_HAND
    fit = by_hand and is_admitted(endpoint)
    return Endpoint.State.ACTIVE if fit else Endpoint.State.AWAITING


@transaction.atomic
def pause_endpoint(*, endpoint_id: UUID, reason: str, by: str) -> None:
    """Stop sending to an endpoint that rejects us for good; its evaluations wait, saying why."""
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint_id)
    if endpoint.state in (Endpoint.State.ACTIVE, Endpoint.State.AWAITING):
        endpoint.state, endpoint.pause_reason = Endpoint.State.PAUSED, reason
        endpoint.save(update_fields=("state", "pause_reason"))
        facts = {"reason": reason}
        slug = endpoint.provider.slug
        record("endpoint.paused", by=by, target=endpoint.slug, provider=slug, **facts)


@transaction.atomic
def delete_endpoint(*, endpoint: Endpoint, by: str) -> None:
    """The address goes and its key is shredded; the model's history stays (D14)."""
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    drop_key(endpoint=endpoint)
    endpoint.state = Endpoint.State.DELETED
    endpoint.revision += 1
    endpoint.save()
    record("endpoint.deleted", by=by, target=endpoint.slug, provider=endpoint.provider.slug)
