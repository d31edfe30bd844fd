"""The panel: reference models that the operator runs, so that rotations can be compared.

What a panel model is sent stays with the operator, so nothing is counted as exposure. That holds
only on a host of the operator's own, and whoever registers one has to name that host. Example:
``register(..., base_url="https://panel.example.org/v1", own_host="panel.example.org", ...)``.
"""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models.functions import Now
from django.utils.text import slugify

from benchserver.audit.record import record
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.engines.vault.base import Sealer
from benchserver.providers.models import Endpoint, OwnerGroup, PanelModel, Provider
from benchserver.providers.register import AddressCheck, create_endpoint, create_model

OPERATOR_GROUP = "operator-panel"


@transaction.atomic
def register(
    *,
    name: str,
    version: str,
    family: str,
    weights_digest: str,
    frozen_on: date,
    protocol: str,
    base_url: str,
    own_host: str,
    wire_model: str,
    api_key: str,
    max_concurrency: int,
    sealer: Sealer,
    check_address: AddressCheck,
    by: str,
) -> Endpoint:
    """A model of the panel with its endpoint, which awaits admission like any other.

    Raises ``BadInput`` when ``own_host`` is not the host of ``base_url``, for a digest that is no
    SHA-256 and for what ``create_model`` and ``create_endpoint`` refuse.
    """
    _check_panel_facts(base_url, own_host, weights_digest, family)
    provider = operator()
    model = create_model(
        provider=provider,
        name=name,
        version=version,
        declared_cutoff=frozen_on,
        open_weights=True,
        by=by,
    )
    PanelModel.objects.create(
        model=model,
        family=slugify(family),
        weights_digest=weights_digest,
        frozen_on=frozen_on,
    )
    record("panel.registered", by=by, target=model.slug, weights=weights_digest)
    return create_endpoint(
        provider=provider,
        model=model,
        name=model.slug,
        protocol=protocol,
        base_url=base_url,
        wire_model=wire_model,
        api_key=api_key,
        price_in=None,
        price_out=None,
        max_concurrency=max_concurrency,
        max_rps=None,
        sealer=sealer,
        check_address=check_address,
        by=by,
    )


def _check_panel_facts(base_url: str, own_host: str, weights_digest: str, family: str) -> None:
    if not own_host or urlsplit(base_url).hostname != own_host.lower():
        raise BadInput(
            "the endpoint is not on the host you named",
            place="own_host",
            mend="Name the host of the URL, and only one that you run: what is sent there is not "
            "counted as exposure.",
        )
    if not re.fullmatch(r"[0-9a-f]{64}", weights_digest):
        raise BadInput("64 hexadecimal digits are needed", place="weights_digest")
    if not slugify(family):
        raise BadInput("a family has letters or digits", place="family")


def operator() -> Provider:
    """The provider under which the panel runs; nobody can log in as it."""
    group, _ = OwnerGroup.objects.get_or_create(
        slug=OPERATOR_GROUP, defaults={"name": "Operator's panel"}
    )
    provider, _ = Provider.objects.get_or_create(
        slug=OPERATOR_GROUP, defaults={"name": "Operator's panel", "owner_group": group}
    )
    return provider


def panel_model(slug: str) -> PanelModel:
    """Raises ``BadInput`` when the panel has no such model."""
    found = PanelModel.objects.select_related("model").filter(model__slug=slug).first()
    if found is None:
        raise BadInput(f"the panel has no model {slug!r}", place="model")
    return found


def members() -> list[PanelModel]:
    """Today's panel, by slug."""
    found = PanelModel.objects.filter(retired_at=None).select_related("model")
    return list(found.order_by("model__slug"))


def endpoint_of(member: PanelModel) -> Endpoint | None:
    """The newest endpoint that serves a panel model."""
    alive = member.model.endpoints.exclude(state=Endpoint.State.DELETED)
    return alive.order_by("-created_at").first()


def check_weights(member: PanelModel, weights_digest: str) -> None:
    """Raises ``NotAllowed``: other weights are another model, and a retired one links nothing."""
    if member.retired_at is not None:
        raise NotAllowed(f"{member.model.slug} has left the panel", code="panel_retired")
    if weights_digest != member.weights_digest:
        raise NotAllowed(
            f"the weights of {member.model.slug} are not those it was registered with",
            code="panel_weights_changed",
            mend="Serve the frozen weights, or register the new ones as another model.",
        )


@transaction.atomic
def retire(*, member: PanelModel, by: str) -> None:
    """It links nothing from now on, neither what it ran nor what it would run."""
    PanelModel.objects.filter(pk=member.pk, retired_at=None).update(retired_at=Now())
    record("panel.retired", by=by, target=member.model.slug)
