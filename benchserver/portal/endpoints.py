"""What both doors to an endpoint, API and page, do before and around the verbs.

Here the composition root's parts (sealer, address guard, protocol names) meet the request's fields.
Example: ``change(endpoint, {"base_url": "https://other.example"}, by=...)`` drops the stored key.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from benchserver import dispatch, wiring
from benchserver.core.errors import BadInput
from benchserver.evaluations import settle
from benchserver.providers import admit, queries, register
from benchserver.providers.models import AdmissionReport, Endpoint, Provider

MAX_PRICE = 10**12  # micro-USD per million tokens
MAX_CONCURRENCY = 256
MAX_RPS = 1000
KEY_PATTERN = re.compile(r"^[\x21-\x7e]+\Z")
KEY_RULE = "a key has printable ASCII characters and no spaces"
LOGIN_RULE = "a URL with a login in it is refused; give the key as the API key"

# Field on the wire -> field of the model, where they differ.
_COLUMNS = {"model": "wire_model"}


def has_login(url: str) -> bool:
    """``https://name:secret@host``: a key where it would be shown."""
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return False  # malformed: the address guard says so


def create(provider: Provider, fields: dict[str, Any], *, by: str) -> Endpoint:
    """Raises ``BadInput`` for an unknown model or protocol, a wrong option, a forbidden address, a
    name in use."""
    _check_protocol(fields)
    options = wiring.check_options(fields["protocol"], fields.get("options"))
    rate: Decimal | None = fields.get("max_rps")
    try:
        with transaction.atomic():
            made = register.create_endpoint(
                provider=provider,
                model=queries.model_by_slug(provider, fields["model_slug"]),
                name=fields["name"],
                protocol=fields["protocol"],
                options=options,
                base_url=fields["base_url"],
                wire_model=fields["model"],
                api_key=fields.get("api_key", ""),
                price_in=fields.get("price_in"),
                price_out=fields.get("price_out"),
                max_concurrency=fields.get("max_concurrency", 4),
                max_rps=rate,
                sealer=wiring.sealer(),
                check_address=wiring.check_address,
                by=by,
            )
            ask_admission(made, cause="new", by=by)
            return made
    except IntegrityError:
        raise _taken(fields) from None


def change(endpoint: Endpoint, fields: dict[str, Any], *, by: str) -> Endpoint:
    """Apply the given fields only. Raises ``BadInput`` as ``create`` does.

    A change activates a paused endpoint, unless ``fields["state"]`` is ``paused``; where it may
    reach something else or was paused for a fault, admission comes first and is asked for here.
    """
    _check_protocol(fields)
    changes = {_COLUMNS.get(k, k): v for k, v in fields.items() if k not in ("api_key", "state")}
    if {"protocol", "options"} & set(fields):
        protocol = fields.get("protocol", endpoint.protocol)
        wanted = fields.get("options", endpoint.options)
        changes["options"] = wiring.check_options(protocol, wanted)
    try:
        with transaction.atomic():
            changed = register.change_endpoint(
                endpoint=endpoint,
                changes=changes,
                api_key=fields.get("api_key"),
                sealer=wiring.sealer(),
                check_address=wiring.check_address,
                by=by,
            )
            if fields.get("state") == Endpoint.State.PAUSED:
                register.pause_endpoint(
                    endpoint_id=changed.pk, reason=register.PAUSED_BY_HAND, by=by
                )
            changed.refresh_from_db()
            if changed.state == Endpoint.State.AWAITING:
                ask_admission(changed, cause="changed", by=by)
            return changed
    except IntegrityError:
        raise _taken(fields) from None


@transaction.atomic
def ask_admission(endpoint: Endpoint, *, cause: str, by: str) -> AdmissionReport:
    """Ask for a visit and wake a worker once that is committed."""
    report = admit.ask(endpoint=endpoint, cause=cause, by=by)
    settle.wake("admit", endpoint.pk)
    transaction.on_commit(lambda: dispatch.flush())
    return report


def _check_protocol(fields: dict[str, Any]) -> None:
    known = wiring.protocols()
    if "protocol" in fields and fields["protocol"] not in known:
        raise BadInput(
            f"no protocol {fields['protocol']!r}",
            place="protocol",
            mend=f"Choose from {', '.join(known)}.",
        )


def _taken(fields: dict[str, Any]) -> BadInput:
    return BadInput(
        f"endpoint {fields.get('name')!r} exists",
        place="name",
        mend="Choose another name.",
        code="taken",
    )
