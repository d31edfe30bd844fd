"""The only writer of the audit trail.

Example: ``record("endpoint.created", by="token bs_3f…", target=endpoint.slug, provider="acme")``.
Facts are ids, counts and codes; content and keys never enter here.
"""

from __future__ import annotations

import json

from benchserver.audit import prepared

_APPEND = """
INSERT INTO audit_event (actor, verb, target, provider, facts) VALUES (%s, %s, %s, %s, %s::jsonb)
"""
Fact = str | int | bool | None | list[str]


def record(verb: str, *, by: str, target: str, provider: str = "", **facts: Fact) -> None:
    """Append one event inside the caller's transaction."""
    prepared.run(_APPEND, [by, verb, target, provider, json.dumps(facts)])
