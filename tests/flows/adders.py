"""Tasks that add: the smallest that tell a right answer from a wrong one over a whole service."""

from __future__ import annotations

from benchserver.core.protocol import Protocol
from benchserver.core.task import CallCase, CallCases, Shape, Split, TaskSpec


def adding(number: int) -> TaskSpec:
    """``add_<number>(x)`` returns x plus the number."""
    cases = tuple(CallCase(args=(x,), expected=x + number) for x in (1, 2, 3))
    return TaskSpec(
        source_id=f"add-{number}",
        shape=Shape.FUNCTION,
        statement=f"Write add_{number}(x): x plus {number}.",
        tests=CallCases(cases=cases),
        reference=f"def add_{number}(x):\n    return x + {number}\n",
        entry_point=f"add_{number}",
        split=Split.PRIVATE,
        topic="numbers",
        difficulty="medium",
        created="2026-11-01",
        author="test",
        family=f"add-{number}",
    )


def track_script(slug: str, protocol: Protocol) -> str:
    """What ``manage.py shell`` runs to make a track of that name in the pool of that name."""
    return (
        "from benchserver.core.protocol import from_payload\n"
        "from benchserver.pools.models import Pool\n"
        "from benchserver.pools.tracks import ensure_track\n"
        f"p = from_payload({protocol.to_payload()!r})\n"
        f"pool = Pool.objects.get(slug={slug!r})\n"
        f"ensure_track(pool=pool, slug={slug!r}, name={slug.title()!r}, protocol=p, by='test')\n"
    )
