"""What the engine decides by: rows as plain values, read by a store, changed by a rule.

Times are seconds by the store's own clock (in production the database's), so no rule ever asks the
machine it runs on. Example: a ``Unit`` is one attempt with what surrounds it (is its evaluation
cancelled? its endpoint active?) as of one locked look.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from benchserver.core.lifecycle import AttemptState


class Outcome(StrEnum):
    """How a send ended; all but the first two are failures (D12)."""

    PENDING = "pending"
    ANSWERED = "answered"
    NOT_SENT = "not_sent"  # before the first byte: nothing is used up but a try
    REFUSED = "refused"  # a complete 429 or 5xx
    UNKNOWN = "unknown"  # cut, time-out, dead worker
    REJECTED = "rejected"  # a complete 4xx
    INVALID = "invalid"  # a complete 200 that nobody can read


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to write to one attempt while ``fence`` is its newest."""

    attempt_id: UUID
    fence: int
    worker: str


@dataclass(slots=True, kw_only=True)
class Unit:
    """One attempt, locked. Rules change state, reason, counters and ``next_at`` only."""

    id: UUID
    evaluation: UUID
    endpoint: UUID
    state: AttemptState
    fence: int
    owner: str = ""
    lease_until: float = 0.0
    next_at: float = 0.0
    reason: str = ""
    unknown_sends: int = 0
    refused_sends: int = 0
    unsent_tries: int = 0
    judge_tries: int = 0
    round: int = 1
    # What surrounds it, as of ``now``.
    now: float = 0.0
    cancelled: bool = False
    paused: bool = False
    closed: bool = False
    active: bool = True
    revision: int = 1  # of the endpoint that its evaluation is bound to
    endpoint_revision: int = 1  # of the endpoint as it is
    price_in: int | None = None
    price_out: int | None = None
    budgeted: bool = False  # its evaluation has a budget
    replied: bool = False  # it has a reply
    troubled: bool = False  # its endpoint's lane remembers failures


@dataclass(slots=True, kw_only=True)
class Lane:
    """An endpoint's limits, its token bucket (refilled up to ``now``), its rest and breaker."""

    endpoint: UUID
    now: float
    limit: int
    rps: float | None
    active: bool
    in_flight: int
    tokens: float
    resting_until: float = 0.0
    rest_reason: str = ""
    failures: int = 0  # failed sends in a row
    recent: str = ""  # the last sends, oldest first: "." went well, "x" failed
    broken: bool = False  # the breaker is open: only a public canary may be sent
    probes_failed: int = 0
    probe_until: float = 0.0
    same_code: str = ""
    same_faults: int = 0

    @property
    def troubled(self) -> bool:
        """Does it remember failures?"""
        return bool(self.failures or self.recent or self.broken or self.same_faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an evaluation may spend at most, None where it may spend any."""

    max_requests: int | None = None
    max_tokens: int | None = None
    max_micro_usd: int | None = None


@dataclass(slots=True, kw_only=True)
class Budget:
    """An evaluation's own limits, None where it has none, and what it has spent."""

    max_requests: int | None = None
    max_tokens: int | None = None
    max_micro_usd: int | None = None
    requests: int = 0
    tokens: int = 0
    micro_usd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    tokens_in: int
    tokens_out: int
    reported: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A send that brought no reply. ``alive``: a public canary passed after a missed deadline."""

    outcome: Outcome
    code: str
    status: int | None = None
    retry_after: float | None = None
    seconds: float = 0.0
    alive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What is written into a send's row when it ends; None leaves a field as it is."""

    outcome: Outcome
    code: str = ""
    status: int | None = None
    seconds: float | None = None
    usage: Usage | None = None
    cost_micro_usd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeLane:
    """An active endpoint that has due attempts: ``due`` of them, ``free`` permitted calls."""

    endpoint: UUID
    due: int
    free: int
