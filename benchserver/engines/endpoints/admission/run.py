"""The table of checks, and one visit that goes through it in order.

A *gate* that finds a fault ends the visit: what cannot be reached cannot be asked. All others are
asked whatever the one before found. Example: ``list(admit(probing))`` of an endpoint with a revoked
key ends with the finding ``unauthorized`` of the check ``key``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from benchserver.engines.endpoints.admission import answers, cost, pace, reach
from benchserver.engines.endpoints.admission.findings import Finding, Level
from benchserver.engines.endpoints.admission.probing import OutOfTime, Probing
from benchserver.engines.endpoints.admission.words import words_of
from benchserver.engines.endpoints.base import EndpointFailure


@dataclass(frozen=True, slots=True)
class Check:
    """``asks``: the question in a provider's words."""

    name: str
    asks: str
    run: Callable[[Probing], Finding]
    gate: bool = False


CHECKS = (
    Check("address", "May the address be called?", reach.address, gate=True),
    Check("connection", "Does the server accept connections?", reach.connection, gate=True),
    Check("tls", "Is the certificate valid for this host?", reach.tls, gate=True),
    Check("key", "Is the key good for a real completion?", reach.key, gate=True),
    Check("settings", "Are an evaluation's settings accepted?", reach.settings, gate=True),
    Check("answer", "Does a real completion come back?", reach.answer, gate=True),
    Check("stop", "Does it stop by itself and say so?", answers.stop),
    Check("stream", "Can it stream an answer?", answers.stream),
    Check("limit", "Does it keep a small output limit?", answers.limit),
    Check("code", "Does it write a small program?", answers.code),
    Check("size", "Does a long prompt arrive whole?", answers.size),
    Check("same", "Is the answer at temperature 0 the same twice?", answers.same),
    Check("ramp", "How many calls at a time does it carry?", pace.ramp),
    Check("model", "Which model does it say it is?", answers.model),
    Check("usage", "Does it count tokens?", answers.usage),
    Check("limits", "Which rate does it allow?", pace.limits),
    Check("latency", "Is it fast enough for the deadline?", pace.latency),
    Check("steadiness", "How often must it be asked again?", pace.steadiness),
    Check("cost", "What would a full evaluation cost?", cost.cost),
)


def admit(probing: Probing) -> Iterator[Finding]:
    """Findings as they come; whoever listens may show or store each at once."""
    for check in CHECKS:
        finding = _found(check, probing)
        yield finding
        if check.gate and finding.level is Level.FAULT:
            return


def passed(findings: Iterable[Finding]) -> bool:
    """No fault, and the visit came as far as a real answer."""
    kept = list(findings)
    answered = any(f.check == "answer" and f.level is Level.OK for f in kept)
    return answered and all(f.level is not Level.FAULT for f in kept)


def _found(check: Check, probing: Probing) -> Finding:
    """A failed or unasked question is a finding too; a fault only where it is a gate."""
    level = Level.FAULT if check.gate else Level.WARNING
    try:
        return check.run(probing)
    except EndpointFailure as failure:
        words = words_of(failure.code)
        says = f"This question got no answer. {words.says}"
        code, cause, mend = failure.code, words.cause, words.mend
    except OutOfTime:
        code, says = "no_time", "Not asked: the minute of this visit was used up."
        cause = "The endpoint answers slowly or asks us to wait."
        mend = "Add capacity and ask for admission again."
    return Finding(check=check.name, level=level, code=code, says=says, cause=cause, mend=mend)
