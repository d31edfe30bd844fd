"""Play the main job: register, evaluate, watch, publish; through the same doors as anybody.

Models, endpoints and evaluations go through the REST API over HTTP; Celery workers do the work.
Example: an evaluation left incomplete by faults is resumed, as its provider would.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from benchserver.console.demo.cast import Player
from benchserver.console.demo.client import Client
from benchserver.console.demo.stage import TRACK, Say
from benchserver.core.errors import PlatformFault
from benchserver.engines.endpoints.reference_server import ReferenceEndpoint

RESUMES = 2


@dataclass(slots=True)
class Part:
    """One player's evaluation and where it stands."""

    player: Player
    client: Client
    endpoint: str
    evaluation: str
    resumed: int = 0
    status: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.status.get("state") in ("complete", "cancelled") or (
            self.status.get("state") == "incomplete" and self.resumed >= RESUMES
        )


def register(player: Player, client: Client, server: ReferenceEndpoint, key: str) -> str:
    """The player's endpoint id, made or aimed anew when its port has changed."""
    known = {e["name"]: e for e in client.all("endpoints/")}
    if player.model in known:
        endpoint = known[player.model]
        if endpoint["base_url"] != server.url:
            change = {"base_url": server.url, "api_key": key}
            client.patch(f"endpoints/{endpoint['id']}/", change)
        return str(endpoint["id"])
    model = {"slug": player.model, "version": "1", "open": player.open_weights}
    made = client.post("models/", model)
    endpoint = client.post(
        "endpoints/",
        {
            "name": player.model,
            "model_slug": made["slug"],
            "protocol": "openai_chat",
            "base_url": server.url,
            "model": player.model,
            "api_key": key,
            "price_in": player.price_in,
            "price_out": player.price_out,
            "max_concurrency": player.max_concurrency,
        },
    )
    return str(endpoint["id"])


def evaluation(client: Client, endpoint: str, rotation: str) -> str:
    """This rotation's evaluation of the endpoint, started when there is none."""
    for known in client.all("evaluations/"):
        if known["rotation"] == rotation and known["state"] != "cancelled":
            return str(known["id"])
    return str(client.post("evaluations/", {"endpoint": endpoint, "track": TRACK})["id"])


def await_admission(parts: list[Part], say: Say, *, seconds: float = 180.0) -> None:
    """Until every endpoint has been asked its public questions; raises ``PlatformFault`` with the
    report's own sentence for one that is not admitted, since its evaluation would wait for ever."""
    end = time.monotonic() + seconds
    for part in parts:
        report = part.client.get(f"endpoints/{part.endpoint}/admission/")
        while report["state"] in ("asked", "running") and time.monotonic() < end:
            time.sleep(0.5)
            report = part.client.get(f"endpoints/{part.endpoint}/admission/")
        if report["state"] != "passed":
            raise PlatformFault("not_admitted", f"{part.player.model}: {report['says']}")
        answered = f"{report['requests']} public questions"
        say(f"{part.player.model}: {report['says']} ({answered})")


def watch(parts: list[Part], say: Say, *, every: float = 3.0) -> None:
    """Poll until all have ended; incomplete ones are resumed as their provider would."""
    while True:
        for part in parts:
            part.status = part.client.get(f"evaluations/{part.evaluation}/")
            if part.status["state"] == "incomplete" and part.resumed < RESUMES:
                _resume(part, say)
        if all(part.ended for part in parts):
            return
        say("  ".join(_progress(part) for part in parts))
        time.sleep(every)


def _resume(part: Part, say: Say) -> None:
    part.resumed += 1
    try:
        part.client.post(f"evaluations/{part.evaluation}/resume/", {})
        say(f"{part.player.model}: incomplete because of faults, resumed")
    except PlatformFault as refusal:
        part.resumed = RESUMES
        say(f"{part.player.model}: cannot be resumed ({refusal.code})")


def _progress(part: Part) -> str:
    progress = part.status["progress"]
    return f"{part.player.model} {progress['judged']}/{progress['total']}"
