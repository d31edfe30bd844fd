"""The fewest things a test needs: tasks, keys, a pool, a track, an open rotation, a provider.

Tasks here are tiny and made up; each is solved by adding its own number, so a test can make a right
or a wrong answer at will. Example: ``tasks(private=20, public=4)`` then ``open_rotation(pool)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchserver import wiring
from benchserver.core.protocol import Protocol
from benchserver.core.rotation import Policy, Window
from benchserver.core.task import CallCase, CallCases, Shape, Split, TaskSpec
from benchserver.evaluations.queries import exposed
from benchserver.pools import rotate
from benchserver.pools.ingest import ingest
from benchserver.pools.intake import Gate, Report
from benchserver.pools.models import Pool, Rotation, Track
from benchserver.pools.tracks import ensure_pool, ensure_track
from benchserver.providers import panel
from benchserver.providers.models import AdmissionReport, Endpoint, Provider
from benchserver.providers.register import create_endpoint, create_model, create_provider

GOOD = Gate(name="reference", held=True, figure="3 of 3 runs passed")


def task(number: int, split: Split, *, marker: str = "") -> TaskSpec:
    """ "Add <number>", with three cases; ``marker`` is planted in every secret part."""
    note = f"# {marker}\n" if marker else ""
    return TaskSpec(
        source_id=f"{split.value}-{number}",
        shape=Shape.FUNCTION,
        statement=f"Write shift_{number}(x) that returns x plus {number}. {marker}".strip(),
        tests=CallCases(
            cases=tuple(CallCase(args=(x,), expected=x + number) for x in (0, 5, -7))
            + ((CallCase(args=(0,), expected=number),) if not marker else ())
        ),
        reference=f"{note}def shift_{number}(x):\n    return x + {number}\n",
        entry_point=f"shift_{number}",
        split=split,
        family=f"{split.value}-{number}",
        topic="numbers",
        difficulty="easy",
        created="2026-11-01",
    )


def tasks(*, private: int, public: int, marker: str = "") -> list[TaskSpec]:
    hidden = [task(n, Split.PRIVATE, marker=marker) for n in range(1, private + 1)]
    return hidden + [task(1000 + n, Split.PUBLIC, marker=marker) for n in range(1, public + 1)]


def twin(original: TaskSpec) -> TaskSpec:
    """The same question in other words, to be hidden whatever its original is."""
    function = original.entry_point.replace("shift", "raise_by")
    told = f"Somebody climbs {function}(steps): tell the step reached, given where he stands now."
    return replace(
        original,
        source_id=f"twin of {original.source_id}",
        statement=told,
        entry_point=function,
        reference=original.reference.replace(original.entry_point, function),
        split=Split.PRIVATE,
        family="",
        twin_of=original.source_id,
    )


def pool_of(specs: list[TaskSpec], *, slug: str = "demo") -> Pool:
    """A pool that holds these tasks; intake is taken as passed."""
    pool = ensure_pool(slug=slug, name=slug, by="test")
    pairs = [(s, Report(source_id=s.source_id, gates=(GOOD,))) for s in specs]
    done = ingest(
        pool=pool, tasks=pairs, sealer=wiring.sealer(), mac_key=wiring.mac_key(), by="test"
    )
    assert {d.result for d in done} <= {"stored", "unchanged"}
    return pool


def track_of(pool: Pool, *, slug: str = "python", samples: int = 1, deadline: int = 20) -> Track:
    protocol = Protocol(samples=samples, max_tokens=1024, deadline_seconds=deadline)
    return ensure_track(pool=pool, slug=slug, name=slug, protocol=protocol, by="test")


def open_rotation(pool: Pool, *, name: str = "ro-1", days: int = 14) -> Rotation:
    """Plan over all eligible tasks and open at once."""
    now = rotate.database_now()
    policy = Policy(private_target=200, public_target=200, min_private=1)
    plan = rotate.preview(pool=pool, policy=policy, exposed=exposed(pool), now=now)
    window = Window(now - timedelta(seconds=1), now + timedelta(days=days), name)
    rotation = rotate.save_plan(pool=pool, plan=plan, window=window, by="test")
    return rotate.open_rotation(rotation=rotation, judge_image=wiring.judge_image(), by="test")


def provider(name: str = "Acme") -> Provider:
    slug = name.lower().replace(" ", "-")
    return create_provider(name=name, email=f"{slug}@example.org", password=None, by="test")


def endpoint(
    owner: Provider,
    url: str,
    *,
    model: str = "model-a",
    api_key: str = "key-of-the-test",
    max_concurrency: int = 4,
    max_rps: Decimal | None = None,
    awaiting: bool = False,
    protocol: str = "openai_chat",
    options: Mapping[str, Any] | None = None,
) -> Endpoint:
    made = create_model(
        provider=owner,
        name=model,
        version="1",
        declared_cutoff=None,
        open_weights=False,
        by="test",
    )
    found = create_endpoint(
        provider=owner,
        model=made,
        name=model,
        protocol=protocol,
        options=options,
        base_url=url,
        wire_model=model,
        api_key=api_key,
        price_in=1_000_000,
        price_out=2_000_000,
        max_concurrency=max_concurrency,
        max_rps=max_rps,
        sealer=wiring.sealer(),
        check_address=lambda _: None,
        by="test",
    )
    return found if awaiting else admitted(found)


def panel_endpoint(
    name: str, *, family: str, digest: str, frozen: str, url: str = "http://127.0.0.1:9/v1"
) -> Endpoint:
    """A reference model that nobody has asked anything yet, at an address that answers nobody."""
    return panel.register(
        name=name,
        version="1",
        family=family,
        weights_digest=digest,
        frozen_on=date.fromisoformat(frozen),
        protocol="openai_chat",
        base_url=url,
        own_host="127.0.0.1",
        wire_model="x",
        api_key="",
        max_concurrency=4,
        sealer=wiring.sealer(),
        check_address=lambda _: None,
        by="test",
    )


def admitted(endpoint: Endpoint) -> Endpoint:
    """As after a passed visit, without asking anything."""
    AdmissionReport.objects.create(
        endpoint=endpoint,
        cause="new",
        state=AdmissionReport.State.PASSED,
        endpoint_revision=endpoint.revision,
        key_revision=endpoint.key_revision,
        ended_at=rotate.database_now(),
    )
    Endpoint.objects.filter(pk=endpoint.pk).update(state=Endpoint.State.ACTIVE, pause_reason="")
    endpoint.refresh_from_db()
    return endpoint


@dataclass
class Files:
    """Key files of one test session, by the settings that name them."""

    folder: Path

    def settings(self) -> dict[str, Path]:
        names = {
            "SEAL_GENERATE_KEY_FILE": "seal_generate.pub",
            "SEAL_EXECUTE_KEY_FILE": "seal_execute.pub",
            "OPEN_GENERATE_KEY_FILE": "open_generate.key",
            "OPEN_EXECUTE_KEY_FILE": "open_execute.key",
            "SIGNING_KEY_FILE": "signing.key",
            "SECRET_KEY_FILE": "secret.key",
        }
        return {setting: self.folder / name for setting, name in names.items()}


Answerer = Callable[[str], str]
