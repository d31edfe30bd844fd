"""An admission report in words: what both doors, API and page, say about it.

Example: a report with one fault reads "Not admitted: the key is refused (401)." and its findings
name cause and mend. Nothing here is the endpoint's own text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchserver.engines.endpoints.admission.run import CHECKS
from benchserver.providers.models import AdmissionReport, Endpoint

_State = AdmissionReport.State
_ASKS = {check.name: check.asks for check in CHECKS}


@dataclass(frozen=True, slots=True)
class Told:
    """``proposal``: ``max_concurrency`` and ``max_rps`` that would spare refusals, never above
    the provider's own; empty where its own are fine."""

    says: str
    findings: list[dict[str, Any]]
    proposal: dict[str, float]


def tell(report: AdmissionReport) -> Told:
    findings = [{"asks": _ASKS.get(f["check"], ""), **f} for f in report.findings]
    return Told(_summary(report), findings, _proposal(report.endpoint, findings))


def _summary(report: AdmissionReport) -> str:
    faults = [f for f in report.findings if f["level"] == "fault"]
    warnings = [f for f in report.findings if f["level"] == "warning"]
    done = f"{len(report.findings)} of {len(CHECKS)} questions are answered"
    return {
        _State.ASKED: "Waiting for a free worker; a visit takes less than a minute.",
        _State.RUNNING: f"Asking now: {done}.",
        _State.PASSED: "Admitted" + (f", with {_many(warnings)}." if warnings else "."),
        _State.FAILED: f"Not admitted. {faults[0]['says'] if faults else 'Time was used up.'}",
        _State.DROPPED: "Dropped: the endpoint was changed meanwhile, or our side broke.",
    }[_State(report.state)]


def _many(warnings: list[dict[str, Any]]) -> str:
    return f"{len(warnings)} warning" + ("s" if len(warnings) > 1 else "")


def _proposal(endpoint: Endpoint, findings: list[dict[str, Any]]) -> dict[str, float]:
    found = {f["check"]: f for f in findings if f["level"] == "warning"}
    proposal: dict[str, float] = {}
    carried = found.get("ramp", {}).get("figures", {}).get("max_concurrency")
    if carried is not None and carried < endpoint.max_concurrency:
        proposal["max_concurrency"] = carried
    allowed = found.get("limits", {}).get("figures", {}).get("max_rps")
    if allowed and (endpoint.max_rps is None or allowed < endpoint.max_rps):
        proposal["max_rps"] = allowed
    return proposal
