"""An admission visit beside evaluations: made in a quiet moment, so that limits hold for both.

Example: ``visit(endpoint_id, engines)`` rests the lane, waits for calls in flight, asks the public
questions and lets the lane go on. Without a quiet moment it is postponed: an evaluation is not
held up by questions about the endpoint it is running on.
"""

from __future__ import annotations

from uuid import UUID

from benchserver.evaluations import identity
from benchserver.evaluations.quiet import quiet
from benchserver.providers import admit
from benchserver.providers.models import AdmissionReport

REASON = "public questions about the endpoint (its admission)"


def visit(endpoint_id: UUID, engines: admit.Engines) -> AdmissionReport | None:
    """The ended report, or None when there was nothing to do or no quiet moment."""
    if not admit.is_waiting(endpoint_id):
        return None
    with quiet(endpoint_id, reason=REASON) as calm:
        if calm:
            report = admit.visit(endpoint_id=endpoint_id, engines=engines)
            identity.hold(endpoint_id)  # while the lane still rests, so no task slips out between
            return report
    admit.postpone(endpoint_id)
    return None
