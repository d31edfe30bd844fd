"""Publishing by hand: what the publisher writes, without the evaluations behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchserver.leaderboard.models import PublishedRotation, Snapshot
from benchserver.website import pages, remember
from benchserver.website.figures import moment
from tests.website.factory import canonical

Publish = Callable[[dict[str, Any]], Snapshot]


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test, and each look within a test, sees what the database holds now."""
    monkeypatch.setattr(remember, "FRESH_SECONDS", 0.0)
    pages.memory.forget()
    yield
    pages.memory.forget()


@pytest.fixture(autouse=True)
def only_the_website(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.website.urls"


@pytest.fixture
def publish(db: None) -> Publish:
    return put


def put(body: dict[str, Any]) -> Snapshot:
    """Writes the snapshot and its rotation as the publisher would."""
    text, rotation = canonical(body), body["rotation"]
    PublishedRotation.objects.update_or_create(
        name=rotation["slug"],
        defaults={
            "pool": body["track"]["slug"],
            "state": rotation["state"],
            "opens_at": moment(rotation["opens_at"]),
            "closes_at": moment(rotation["closes_at"]),
            "private_tasks": rotation["private_tasks"],
            "public_tasks": rotation["public_tasks"],
            "root": rotation["root"],
            "committed_at": moment(rotation["committed_at"]),
            "log_index": rotation["log_index"],
            "first_send_at": moment(rotation["first_send_at"]),
            "evaluations_started": body["evaluations"]["started"],
            "evaluations_complete": body["evaluations"]["complete"],
        },
    )
    return Snapshot.objects.create(
        sequence=body["sequence"],
        track=body["track"]["slug"],
        rotation=rotation["slug"],
        body=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        log_index=rotation["log_index"] + 1,
        checkpoint="benchserver.example/results\n1\nAAAA\n",
        proof=[],
        published_at=moment(body["published_at"]),
    )
