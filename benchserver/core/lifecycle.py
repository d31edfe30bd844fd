"""Which state may follow which: the tables that code, database triggers and docs share.

Everything that has a life here (rotation, evaluation, attempt) moves only along these edges.
Example: an attempt that is ``sent`` may become ``generated``, ``ambiguous``, ``ready`` again after
a refusal, ``judged`` or ``faulted``, but never ``leased``. ``docs/states.md`` is drawn from here
and a Postgres trigger refuses every other edge, whoever writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from benchserver.core.errors import NotAllowed


class RotationState(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    ABANDONED = "abandoned"


class EvaluationState(StrEnum):
    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"


class AttemptState(StrEnum):
    READY = "ready"
    LEASED = "leased"
    SENT = "sent"
    AMBIGUOUS = "ambiguous"
    GENERATED = "generated"
    JUDGING = "judging"
    JUDGED = "judged"
    FAULTED = "faulted"
    CANCELLED = "cancelled"


class OpinionState(StrEnum):
    WAITING = "waiting"
    AGREED = "agreed"
    DISPUTED = "disputed"
    SETTLED = "settled"
    UNDECIDED = "undecided"
    ABANDONED = "abandoned"


class EvidenceState(StrEnum):
    WATCHED = "watched"
    REVIEW = "review"
    NOTICED = "noticed"
    AWAITING = "awaiting"
    ANSWERED = "answered"
    EXPIRED = "expired"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Edge:
    """One permitted step and why it happens, in words a provider can read."""

    source: str
    target: str
    why: str


@dataclass(frozen=True, slots=True)
class Lifecycle:
    name: str
    initial: str
    edges: tuple[Edge, ...]

    def allows(self, source: str, target: str) -> bool:
        return any(e.source == source and e.target == target for e in self.edges)

    def check(self, source: str, target: str) -> None:
        """Raise ``NotAllowed`` unless the step is in the table."""
        if not self.allows(source, target):
            raise NotAllowed(f"a {self.name} cannot go from {source} to {target}", code="bad_state")

    def finals(self) -> frozenset[str]:
        """States with no way on."""
        sources = {e.source for e in self.edges}
        return frozenset(e.target for e in self.edges if e.target not in sources)


ROTATION = Lifecycle(
    "rotation",
    RotationState.PLANNED,
    (
        Edge("planned", "open", "its window begins and its commitment is in the log"),
        Edge("planned", "abandoned", "an admin drops the plan, or its window passed unopened"),
        Edge("open", "closed", "its window ends"),
    ),
)

EVALUATION = Lifecycle(
    "evaluation",
    EvaluationState.RUNNING,
    (
        Edge("running", "complete", "every attempt has a verdict"),
        Edge("running", "incomplete", "all attempts ended, some with a fault"),
        Edge("running", "cancelled", "the provider or an admin cancels"),
        Edge("incomplete", "running", "it is resumed: the same attempts, nothing charged again"),
        Edge("incomplete", "cancelled", "the provider or an admin cancels"),
    ),
)

ATTEMPT = Lifecycle(
    "attempt",
    AttemptState.READY,
    (
        Edge("ready", "leased", "a worker claims it"),
        Edge("leased", "ready", "the worker gave it back or died before sending"),
        Edge("leased", "sent", "exposure and send row are committed; the first byte may leave"),
        Edge("leased", "faulted", "it may not be sent: budget, another endpoint, unreadable"),
        Edge("sent", "generated", "the complete reply is stored, sealed"),
        Edge("sent", "ready", "refused (429, 5xx) or never sent: it may be sent again later"),
        Edge("sent", "ambiguous", "outcome unknown (cut, time-out, dead worker): one more send"),
        Edge("sent", "judged", "no reply within the deadline while the endpoint was well"),
        Edge("sent", "faulted", "its sends are used up or the endpoint rejects it for good"),
        Edge("ready", "faulted", "its rotation closed before it could be sent"),
        Edge("ambiguous", "faulted", "its rotation closed before its further send"),
        Edge("ambiguous", "leased", "a worker claims its one further send"),
        Edge("leased", "ambiguous", "the worker gave that further send back before sending"),
        Edge("generated", "judging", "a worker claims the judging"),
        Edge("judging", "judged", "the verdict is stored"),
        Edge("judging", "generated", "the judging worker died or its sandbox broke: again"),
        Edge("judging", "faulted", "judging broke too often: ours, not the model's"),
        Edge("faulted", "ready", "its evaluation is resumed"),
        Edge("faulted", "generated", "its evaluation is resumed and the reply is already here"),
        Edge("ready", "cancelled", "its evaluation is cancelled"),
        Edge("leased", "cancelled", "its evaluation is cancelled"),
        Edge("sent", "cancelled", "its evaluation is cancelled; the send stays accounted"),
        Edge("ambiguous", "cancelled", "its evaluation is cancelled"),
        Edge("generated", "cancelled", "its evaluation is cancelled"),
        Edge("judging", "cancelled", "its evaluation is cancelled"),
        Edge("faulted", "cancelled", "its evaluation is cancelled"),
    ),
)

OPINION = Lifecycle(
    "second opinion",
    OpinionState.WAITING,
    (
        Edge("waiting", "agreed", "another machine gives the same verdict"),
        Edge("waiting", "disputed", "another machine gives another verdict"),
        Edge("waiting", "abandoned", "judging again broke too often"),
        Edge("disputed", "settled", "a third machine sides with one, the odd one is taken out"),
        Edge("disputed", "undecided", "three machines, three verdicts: for people to look at"),
        Edge("disputed", "abandoned", "judging again broke too often"),
    ),
)

EVIDENCE = Lifecycle(
    "evidence",
    EvidenceState.WATCHED,
    (
        Edge("watched", "noticed", "it meets the rule: A, or two independent B"),
        Edge("watched", "review", "a reply holds pieces of hidden tests that no panel reply holds"),
        Edge("review", "noticed", "an admin has read the replies: they hold our tests, which is A"),
        Edge("review", "withdrawn", "an admin has read the replies: the model may have made them"),
        Edge("noticed", "awaiting", "an admin has looked for faults of ours and asks the provider"),
        Edge("noticed", "withdrawn", "an admin finds a faulty canary or a fault of ours"),
        Edge("awaiting", "answered", "the provider answers"),
        Edge("awaiting", "expired", "its deadline passes without an answer"),
        Edge("awaiting", "withdrawn", "an admin takes it back"),
        Edge("expired", "answered", "the provider answers late, before it is published"),
        Edge("answered", "published", "an admin publishes it with the answer beside it"),
        Edge("expired", "published", "an admin publishes it without an answer"),
        Edge("answered", "withdrawn", "the answer explains it"),
        Edge("expired", "withdrawn", "an admin takes it back"),
        Edge("published", "withdrawn", "it was wrong: the next snapshot no longer has it"),
    ),
)

LIFECYCLES = (ROTATION, EVALUATION, ATTEMPT, OPINION, EVIDENCE)

# States in which an attempt occupies one of its endpoint's permitted calls.
IN_FLIGHT = (AttemptState.LEASED, AttemptState.SENT)
# States after which nothing more happens to an attempt unless its evaluation is resumed.
ENDED = (AttemptState.JUDGED, AttemptState.FAULTED, AttemptState.CANCELLED)


def _label(edge: Edge) -> str:
    """Mermaid ends a label at a colon or semicolon."""
    return edge.why.replace(": ", " - ").replace("; ", ", ")


def draw(lifecycle: Lifecycle) -> str:
    """The table as a Mermaid state diagram (``docs/states.md``)."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {lifecycle.initial}"]
    lines += [f"    {e.source} --> {e.target}: {_label(e)}" for e in lifecycle.edges]
    lines += [f"    {state} --> [*]" for state in sorted(lifecycle.finals())]
    return "\n".join([*lines, "```"])
