"""How a reference endpoint behaves beside its answers: speed, refusals and everything gone wrong.

Example: ``Behaviour(persona=p, fail_rates={429: 0.05}, faults={"cut": 0.1})`` answers 5 % of the
requests with 429 and ends 10 % in the middle of the answer, the same ones for the same seed and
order of requests.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.dialect import CHARACTERS_PER_TOKEN, estimated
from benchserver.engines.endpoints.reference.speaking import Asked, Finish, Saying
from benchserver.engines.endpoints.reference_answers import AnswerBook, Persona

DROPPED = 0  # the status the log gives to a connection cut without an answer

# By name, with what each does: the first eight are the server's, the others the model's.
FAULTS: Mapping[str, str] = {
    "cut": "the connection ends in the middle of the answer",
    "stall": "the answer stops in the middle and the connection stays open",
    "error_200": "an error comes with status 200; streamed, after half of the answer",
    "garbage": "status 200 with a body that is no JSON",
    "html": "status 200 with a web page",
    "redirect": "status 307 to another address",
    "filter": "status 400 from a filter before the model",
    "long_wait": "status 429 with a Retry-After of a day",
    "empty": "an answer without text",
    "refusal": "the model says that it will not",
    "truncated": "the output limit is said to be reached at half of the answer",
    "no_usage": "no tokens are counted",
    "no_stop": "no word about why it stopped",
    "other_model": "another model's name is reported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """``latency``: mean seconds, log-normal with ``sigma`` (0: constant); rates are 0 to 1.
    ``thinking``: tokens of thoughts before each answer. ``retry_after``: the header's value with
    429 and 503, none when empty."""

    persona: Persona
    latency: float = 0.0
    sigma: float = 0.0
    fail_rates: Mapping[int, float] = field(default_factory=dict)
    drop_rate: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    retry_after: str = "1"
    thinking: int = 0
    api_key: str = ""
    log: Path | None = None

    def __repr__(self) -> str:
        return "<Behaviour>"


@dataclass(frozen=True, slots=True)
class Fate:
    """Of one request: seconds to wait, then a status to fail with, a fault, or neither."""

    wait: float
    status: int | None = None
    fault: str = ""


class Fates:
    """Draws latency and failures, reproducible for one order of requests."""

    def __init__(self, behaviour: Behaviour):
        self._behaviour = behaviour
        self._random = random.Random(behaviour.persona.seed)
        self._lock = threading.Lock()

    def next(self) -> Fate:
        behaviour = self._behaviour
        with self._lock:
            normal, point = self._random.gauss(0.0, 1.0), self._random.random()
        # The mean of exp(N(mu, sigma)) is exp(mu + sigma^2 / 2).
        wait = behaviour.latency * math.exp(behaviour.sigma * normal - behaviour.sigma**2 / 2)
        for status, rate in {DROPPED: behaviour.drop_rate, **behaviour.fail_rates}.items():
            if point < rate:
                return Fate(wait, status)
            point -= rate
        for fault, rate in behaviour.faults.items():
            if point < rate:
                return Fate(wait, None, fault)
            point -= rate
        return Fate(wait)


def saying(book: AnswerBook, behaviour: Behaviour, asked: Asked, fault: str = "") -> Saying:
    """What the made-up model says. Its output limit cuts thoughts and answer as a real one's; a
    tool that is offered is called with the answer."""
    text, finish = book.reply(asked.prompt, behaviour.persona), Finish.STOP
    if asked.tool:
        finish = Finish.TOOL
    thought = behaviour.thinking
    room = None if asked.limit is None else max(0, asked.limit - thought)
    if room is not None and estimated(text) > room:
        text, finish = text[: room * CHARACTERS_PER_TOKEN], Finish.LENGTH
        thought = min(thought, asked.limit or 0)
    said = Saying(
        text=text,
        finish=finish,
        model=asked.model,
        tokens_in=estimated(asked.prompt),
        tokens_out=estimated(text) + thought,
        thoughts=("so, " * thought)[: thought * CHARACTERS_PER_TOKEN],
        thought=thought,
        tool=asked.tool,
    )
    return _with_fault(said, fault)


def _with_fault(said: Saying, fault: str) -> Saying:
    if fault == "empty":
        return replace(said, text="")
    if fault == "refusal":
        return replace(said, text="I will not help with that.", finish=Finish.REFUSAL)
    if fault == "truncated":
        return replace(said, text=said.text[: len(said.text) // 2], finish=Finish.LENGTH)
    if fault == "no_usage":
        return replace(said, counted=False)
    if fault == "no_stop":
        return replace(said, finish=Finish.UNSAID)
    if fault == "other_model":
        return replace(said, model="another-model")
    return said


def fail_rates(text: str) -> dict[int, float]:
    """``"429=0.05,500=0.05"`` -> rates by status. Raises ``BadInput``."""
    rates = _rates(text, "--fail-rate", "STATUS=RATE,... with statuses 400 to 599")
    if not all(name.isdigit() and 400 <= int(name) <= 599 for name in rates):
        raise _bad_rates("--fail-rate", "STATUS=RATE,... with statuses 400 to 599")
    return {int(name): rate for name, rate in rates.items()}


def fault_rates(text: str) -> dict[str, float]:
    """``"cut=0.1,refusal=0.05"`` -> rates by fault. Raises ``BadInput``."""
    form = f"FAULT=RATE,... with faults {', '.join(FAULTS)}"
    rates = _rates(text, "--fault", form)
    if not set(rates) <= set(FAULTS):
        raise _bad_rates("--fault", form)
    return rates


def _rates(text: str, place: str, form: str) -> dict[str, float]:
    rates: dict[str, float] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, rate = item.partition("=")
        try:
            rates[name] = float(rate)
        except ValueError:
            raise _bad_rates(place, form) from None
    if any(not 0 <= rate <= 1 for rate in rates.values()) or sum(rates.values()) > 1:
        raise _bad_rates(place, form)
    return rates


def _bad_rates(place: str, form: str) -> BadInput:
    return BadInput(
        "not a list of rates", place=place, mend=f"Write {form} and rates that sum to at most 1"
    )
