"""The endpoint of a simulation: answers by its mood and keeps a log of its own, as a server would.

What it logs is what the offline checker trusts. Example: ``request`` logs the arrival and decides
the answer; ``finish`` logs what was answered, after a latency.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from benchserver.console.simulation.backend import PRICES
from benchserver.console.simulation.scenario import EndpointPlan
from benchserver.core.engine.facts import Failure, Outcome, Usage

DEADLINE = 60.0

_FAILURES: dict[str, tuple[Outcome, str, int | None, str]] = {
    # mood: outcome, code, status, what the server's own log calls it
    "rate_limited": (Outcome.REFUSED, "rate_limited", 429, "refused"),
    "server_error": (Outcome.REFUSED, "server_error", 500, "refused"),
    "cut": (Outcome.UNKNOWN, "cut", None, "cut"),
    "timeout": (Outcome.UNKNOWN, "timeout", None, "cut"),
    "invalid": (Outcome.INVALID, "not_json", 200, "garbled"),
    "bad_request": (Outcome.REJECTED, "bad_request", 400, "rejected"),
    "unauthorised": (Outcome.REJECTED, "unauthorised", 401, "rejected"),
}


@dataclass(slots=True)
class Call:
    """A request that arrived and has not been answered."""

    n: int
    mood: str
    seconds: float
    public: bool
    send: str = ""


class MockEndpoint:
    def __init__(self, plan: EndpointPlan, dice: Random, log: list[dict[str, Any]]) -> None:
        self.plan = plan
        self.out = False  # nothing works
        self.well = False  # everything works
        self._dice = dice
        self._log = log

    def mood(self, *, public: bool = False) -> str:
        if self.out:
            return self._dice.choice(("server_error", "unreachable"))
        if self.well:
            return "ok"
        if self.plan.refuses_tasks:
            return "ok" if public else "server_error"
        names, weights = zip(*self.plan.moods.items(), strict=True)
        return str(self._dice.choices(names, weights)[0])

    def request(self, *, now: float, mood: str, unit: str, send: str, extra: bool = False) -> Call:
        """``extra``: a canary that asks whether a missed deadline is the model's."""
        seconds = DEADLINE if mood == "timeout" else self._dice.expovariate(1 / self.plan.latency)
        call = Call(
            n=len(self._log), mood=mood, seconds=min(seconds, DEADLINE), public=not unit, send=send
        )
        self._log.append(
            {
                "kind": "request",
                "n": call.n,
                "t": now,
                "endpoint": str(self.plan.id),
                "unit": unit,
                "send": send,
                "public": call.public,
                "extra": extra,
            }
        )
        return call

    def finish(self, call: Call, *, now: float) -> Usage | Failure:
        """What the caller hears, logged as the server saw it."""
        entry = {"kind": "answer", "n": call.n, "t": now, "send": call.send}
        if call.mood != "ok":
            outcome, code, status, word = _FAILURES[call.mood]
            self._log.append(entry | {"status": word})
            asked = self._dice.choice((None, 0.0, 2.0, 30.0)) if status == 429 else None
            return Failure(
                outcome=outcome, code=code, status=status, retry_after=asked, seconds=call.seconds
            )
        tokens = {"tokens_in": self._dice.randint(1, 900), "tokens_out": self._dice.randint(1, 900)}
        right = self._dice.random() < self.plan.skill
        prices = {"price_in": PRICES[0], "price_out": PRICES[1]}
        self._log.append(entry | {"status": "answered", "right": right} | tokens | prices)
        return Usage(
            tokens_in=tokens["tokens_in"],
            tokens_out=tokens["tokens_out"],
            reported=True,
            seconds=call.seconds,
        )

    def hang_up(self, call: Call, *, now: float) -> None:
        """The caller is gone: the connection broke before the answer."""
        self._log.append({"kind": "answer", "n": call.n, "t": now, "send": "", "status": "gone"})

    def unattended(self, call: Call, *, now: float) -> None:
        """The caller is frozen: the call may outlive its lease."""
        self._log.append({"kind": "unattended", "n": call.n, "t": now})
