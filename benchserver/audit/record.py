"""The only writer of the audit trail.

Example: ``record("endpoint.created", by="token bs_3f…", target=endpoint.slug, provider="acme")``.
Facts are ids, counts and codes; content and keys never enter here.
"""

from __future__ import annotations

from benchserver.audit.models import Event

Fact = str | int | bool | None | list[str]


def record(verb: str, *, by: str, target: str, provider: str = "", **facts: Fact) -> None:
    """Append one event inside the caller's transaction."""
    Event.objects.create(verb=verb, actor=by, target=target, provider=provider, facts=facts)
