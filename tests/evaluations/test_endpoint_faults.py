"""Faults that an admitted endpoint shows only in a run: each ends by its rule, none is a zero.

The other half of the table, what admission finds before any task leaves, is
``tests/engines/endpoints/admission/test_faults.py``. Real transport, real server, real database.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from benchserver.core.engine.policy import EnginePolicy
from benchserver.evaluations import generate
from benchserver.evaluations.models import Attempt, Evaluation, FaultRecord, Send, VerdictRecord
from benchserver.evaluations.request import request
from benchserver.providers.models import Endpoint
from tests import arrange
from tests.engines.endpoints.admission.rogue import Ask, Fault, Rogue, Said
from tests.flows import engine
from tests.wired import solve

pytestmark = pytest.mark.django_db
CROWDED = EnginePolicy(exposure_per_task=99)
SOON = {"Retry-After": "0"}


@dataclass(frozen=True)
class Ends:
    """How the one attempt ends. ``sends``: outcomes in order; ``state``: of the endpoint."""

    attempt: str
    sends: tuple[str, ...]
    code: str = ""
    state: str = "active"


def once(said: Said) -> Fault:
    """Wrong the first time only."""
    return lambda ask: said if ask.number == 0 else None


def always(said: Said) -> Fault:
    return lambda _: said


def good(ask: Ask) -> Said:
    return Said(text=solve(ask.prompt))


REFUSED = ("refused",) * 7
NOT_JSON = Said(raw=b"{oops")
ENDLESS = Said(text="x" * 300_000)
HIDDEN = Said(payload={"error": {"message": "x"}})
PAGE = Said(raw=b"<html>", headers={"Content-Type": "text/html"})
UNKNOWN = ("unknown", "unknown")
INVALID = ("invalid", "invalid")

FAULTS: dict[str, tuple[Fault, Ends]] = {
    "it is asked to wait once": (
        once(Said(status=429, headers=SOON)), Ends("generated", ("refused", "answered"))),
    "it is overloaded once": (
        once(Said(status=503, headers=SOON)), Ends("generated", ("refused", "answered"))),
    "it crashes once": (once(Said(status=500)), Ends("generated", ("refused", "answered"))),
    "it answers 529 once": (once(Said(status=529)), Ends("generated", ("refused", "answered"))),
    "a gateway gives up once": (once(Said(status=504)), Ends("generated", ("refused", "answered"))),
    "it is cut once": (once(Said(cut=True)), Ends("generated", ("unknown", "answered"))),
    "it sends no JSON once": (once(NOT_JSON), Ends("generated", ("invalid", "answered"))),
    "it says 429 for ever": (
        always(Said(status=429, headers=SOON)), Ends("faulted", REFUSED, "rate_limited")),
    "it crashes for ever": (always(Said(status=500)), Ends("faulted", REFUSED, "server_error")),
    "it is cut for ever": (always(Said(cut=True)), Ends("faulted", UNKNOWN, "cut")),
    "it sends no JSON for ever": (always(NOT_JSON), Ends("faulted", INVALID, "bad_json")),
    "it hides errors in a 200": (always(HIDDEN), Ends("faulted", INVALID, "error_in_200")),
    "it shows a web page": (always(PAGE), Ends("faulted", INVALID, "content_type")),
    "its answer never ends": (always(ENDLESS), Ends("faulted", INVALID, "text_too_long")),
    "it refuses this very request": (
        always(Said(status=400)), Ends("faulted", ("rejected",), "bad_request")),
    "it redirects from now on": (
        always(Said(status=302, headers={"Location": "https://x.example/"})),
        Ends("faulted", ("rejected",), "redirect")),
    "its key is revoked meanwhile": (
        always(Said(status=401)), Ends("ready", ("rejected",), state="paused")),
    "its model is gone": (always(Said(status=404)), Ends("ready", ("rejected",), state="paused")),
    "it forbids us from now on": (
        always(Said(status=403)), Ends("ready", ("rejected",), state="paused")),
}  # fmt: skip


def work(evaluation: Evaluation, *, rounds: int = 12) -> None:
    """What generate jobs do, with every pause already over."""
    for _ in range(rounds):
        arrange.due(evaluation)
        generate.generate_next(
            endpoint_id=evaluation.endpoint_id, worker="test", engines=engine.generation()
        )
        if Attempt.objects.get(evaluation=evaluation).state in ("generated", "faulted"):
            return


def ended(evaluation: Evaluation) -> Ends:
    """How it really ended."""
    attempt = evaluation.attempts.get()
    fault = FaultRecord.objects.filter(attempt=attempt, kind="endpoint_fault").first()
    return Ends(
        attempt.state,
        tuple(attempt.sends.order_by("ordinal").values_list("outcome", flat=True)),
        fault.code if fault else "",
        Endpoint.objects.get(pk=evaluation.endpoint_id).state,
    )


def test_each_fault_ends_by_its_rule_and_is_never_a_verdict(rogue: Callable[..., Rogue]) -> None:
    stage = arrange.board(private=1, public=0)
    found = {}
    for number, (wrong, (fault, _)) in enumerate(FAULTS.items()):
        server = rogue(lambda ask, fault=fault: fault(ask) or good(ask))
        url = f"http://127.0.0.1:{server.port}/v1"
        made = arrange.endpoint(url, owner=f"P{number}", model=f"m{number}")
        evaluation = request(endpoint=made, track=stage.track, by="test", policy=CROWDED)
        work(evaluation)
        found[wrong] = ended(evaluation)
        assert len(server.asks) == len(found[wrong].sends), "every request has its row"
    assert found == {wrong: ends for wrong, (_, ends) in FAULTS.items()}
    assert not VerdictRecord.objects.exists()


def test_no_code_of_a_fault_holds_what_the_endpoint_said(rogue: Callable[..., Rogue]) -> None:
    marker = "endpoint-says-7c1f"
    server = rogue(always(Said(status=400, payload={"error": {"message": marker}})))
    evaluation = arrange.started(
        arrange.board(private=1, public=0), f"http://127.0.0.1:{server.port}/v1"
    )
    work(evaluation, rounds=1)
    rows: list[Any] = [
        list(model.objects.values()) for model in (Attempt, Send, FaultRecord, Endpoint)
    ]
    assert marker not in json.dumps(rows, default=str)
