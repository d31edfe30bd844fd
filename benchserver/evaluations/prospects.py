"""What an evaluation would ask of an endpoint now: the circumstances of an admission visit.

Taken over all tracks whose rotation is open: the largest output limit, the shortest deadline, the
number of attempts of each. Example: two open boards of 240 and 60 attempts give two lines in the
cost estimate. Prompt tokens are those of the provider's own earlier evaluations, else a usual size.
"""

from __future__ import annotations

from django.db.models import Avg

from benchserver.core.protocol import Protocol
from benchserver.engines.endpoints.admission.probing import Board, Circumstances
from benchserver.evaluations.models import Send
from benchserver.pools.models import Form, Track
from benchserver.pools.queries import open_form
from benchserver.pools.rotate import database_now
from benchserver.providers.models import Endpoint

USUAL_PROMPT_TOKENS = 400


def circumstances(endpoint: Endpoint) -> Circumstances:
    """For one visit; prices in micro-USD per million tokens."""
    found = _open_forms()
    protocols = [form.track.protocol for form in found] or [Protocol()]
    return Circumstances(
        max_tokens=max(p.max_tokens for p in protocols),
        # Where one board leaves them to the model, a model that allows none is welcome there.
        temperature=min(p.temperature for p in protocols),
        top_p=min(p.top_p for p in protocols),
        deadline_seconds=float(min(p.deadline_seconds for p in protocols)),
        max_concurrency=endpoint.max_concurrency,
        max_rps=None if endpoint.max_rps is None else float(endpoint.max_rps),
        price_in=endpoint.price_in,
        price_out=endpoint.price_out,
        boards=tuple(_board(form, endpoint) for form in found),
    )


def _open_forms() -> list[Form]:
    now = database_now()
    forms = (open_form(track, now) for track in Track.objects.order_by("slug"))
    return [form for form in forms if form is not None]


def _board(form: Form, endpoint: Endpoint) -> Board:
    protocol = form.track.protocol
    return Board(
        name=form.track.slug,
        attempts=form.standing.count() * protocol.samples,
        prompt_tokens=_prompt_tokens(form.track, endpoint),
        max_tokens=protocol.max_tokens,
    )


def _prompt_tokens(track: Track, endpoint: Endpoint) -> int:
    """The mean of what this owner group was billed for on this track before."""
    mine = Send.objects.filter(
        attempt__evaluation__track=track,
        attempt__evaluation__owner_group=endpoint.provider.owner_group_id,
        usage_reported=True,
    )
    mean = mine.aggregate(mean=Avg("tokens_in"))["mean"]
    return round(mean) if mean else USUAL_PROMPT_TOKENS
