"""Asks the probes: within a minute, within the endpoint's own limits, patient with refusals.

One ``Probing`` is one visit to one endpoint. It counts every request, keeps what the headers said
about limits and never asks faster than the endpoint allows. Example: a 429 with ``Retry-After: 1``
is asked again after a second and shows in ``refusals``; a 401 is raised at once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchserver.engines.endpoints.base import (
    EndpointClient,
    EndpointFailure,
    FailureKind,
    Generation,
    Reply,
    Target,
)

TRIES = 4
LONGEST_PAUSE = 5.0
_FINAL = frozenset(("address_refused", "tls", "bad_header", "cancelled"))
_AGAIN = frozenset((FailureKind.REFUSED, FailureKind.NOT_SENT, FailureKind.UNKNOWN))


class OutOfTime(Exception):
    """The visit's time is used up; what was not asked stays unasked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a full evaluation on one track would ask: ``prompt_tokens`` is the mean, estimated."""

    name: str
    attempts: int
    prompt_tokens: int
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the endpoint promises and what an evaluation will ask of it.

    Prices are micro-USD per million tokens; ``temperature`` and ``top_p`` decimal text as in a
    ``Generation``. ``ramp`` False: calls of an evaluation are in flight, so never two at a time.
    """

    max_tokens: int = 8192
    temperature: str = "0.8"
    top_p: str = "0.95"
    deadline_seconds: float = 300.0
    max_concurrency: int = 4
    max_rps: float | None = None
    price_in: int | None = None
    price_out: int | None = None
    boards: tuple[Board, ...] = ()
    ramp: bool = True


@dataclass
class Heard:
    """What the response headers said; filled by the transport, read by the checks."""

    headers: dict[str, str] = field(default_factory=dict)

    def hear(self, status: int, headers: Mapping[str, str]) -> None:
        self.headers.update(headers)


Outcome = Reply | EndpointFailure


class Probing:
    """``key_of``: the idempotency key of the n-th request, so that every line in the endpoint's
    log can be found again. ``seconds``: for the whole visit. ``streaming``: the same endpoint,
    asked for event streams."""

    def __init__(
        self,
        client: EndpointClient,
        target: Target,
        circumstances: Circumstances,
        *,
        key_of: Callable[[int], str],
        heard: Heard | None = None,
        seconds: float = 55.0,
        streaming: EndpointClient | None = None,
    ):
        self.target = target
        self.given = circumstances
        self.heard = heard or Heard()
        self.requests = 0
        self.replies: list[Reply] = []
        self.refusals: Counter[str] = Counter()
        self._client = client
        self._streaming = streaming
        self._key_of = key_of
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._next_start = 0.0
        self._first: Outcome | None = None

    @property
    def left(self) -> float:
        """Seconds. Raises ``OutOfTime`` when none are left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise OutOfTime
        return left

    def first(self, ask: Callable[[], Reply]) -> Outcome:
        """The outcome of the first question, asked once however many checks look at it."""
        if self._first is None:
            try:
                self._first = ask()
            except EndpointFailure as failure:
                self._first = failure
        return self._first

    def ask(
        self,
        prompt: str,
        *,
        max_tokens: int | None = None,
        temperature: str | None = None,
        top_p: str | None = None,
        tries: int = TRIES,
    ) -> Reply:
        """The reply; settings not given are an evaluation's own.

        Raises ``EndpointFailure`` after the last try or at once when asking again is in vain.
        """
        generation = self._generation(prompt, max_tokens, temperature, top_p)
        return self._patiently(generation, tries, self._client)

    def _patiently(self, generation: Generation, tries: int, client: EndpointClient) -> Reply:
        for number in range(1, tries + 1):
            try:
                return self._once(generation, client)
            except EndpointFailure as failure:
                self.refusals[failure.code] += 1
                hopeless = failure.kind not in _AGAIN or failure.code in _FINAL
                if hopeless or number == tries:
                    raise
                self._pause(failure, number)
        raise AssertionError("no tries")

    def ask_streamed(self, prompt: str) -> Reply | None:
        """The reply as an event stream; None where no client can. Raises as ``ask`` does."""
        if self._streaming is None:
            return None
        return self._patiently(self._generation(prompt, None, None, None), TRIES, self._streaming)

    def together(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int | None = None,
        temperature: str | None = None,
        top_p: str | None = None,
    ) -> list[Outcome]:
        """All at the same time, each once; outcomes in the order of ``prompts``."""

        def one(prompt: str) -> Outcome:
            try:
                wanted = self._generation(prompt, max_tokens, temperature, top_p)
                return self._once(wanted, self._client)
            except EndpointFailure as failure:
                return failure

        with ThreadPoolExecutor(len(prompts)) as threads:
            return list(threads.map(one, prompts))

    def _generation(
        self, prompt: str, max_tokens: int | None, temperature: str | None, top_p: str | None
    ) -> Generation:
        given = self.given
        return Generation(
            prompt=prompt,
            max_tokens=given.max_tokens if max_tokens is None else max_tokens,
            temperature=given.temperature if temperature is None else temperature,
            top_p=given.top_p if top_p is None else top_p,
            deadline_seconds=0.0,
            idempotency_key="",
        )

    def _once(self, wanted: Generation, client: EndpointClient) -> Reply:
        number = self._start()
        generation = Generation(
            prompt=wanted.prompt,
            max_tokens=wanted.max_tokens,
            temperature=wanted.temperature,
            top_p=wanted.top_p,
            deadline_seconds=min(self.left, self.given.deadline_seconds),
            idempotency_key=self._key_of(number),
        )
        reply = client.send(self.target, generation)
        with self._lock:
            self.replies.append(reply)
        return reply

    def _start(self) -> int:
        """Wait for the endpoint's own rate, then take the next request's number."""
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next_start)
            self._next_start = begin + (1.0 / self.given.max_rps if self.given.max_rps else 0.0)
            number, self.requests = self.requests, self.requests + 1
        self._sleep(begin - now)
        return number

    def _pause(self, failure: EndpointFailure, number: int) -> None:
        wished = failure.retry_after
        self._sleep(min(0.125 * 2**number if wished is None else wished, LONGEST_PAUSE))

    def _sleep(self, seconds: float) -> None:
        if seconds >= self.left:
            raise OutOfTime
        time.sleep(max(seconds, 0.0))
