"""``evaluations/``: ask, watch, cancel, pause, resume. Aggregates only, and only when complete.

Example: ``POST {"endpoint": "ep_...", "track": "functions"}`` answers 201 with the evaluation's
address in ``Location``; ``GET`` of that address says what is happening and why.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from benchserver.core.engine.facts import Limits
from benchserver.core.errors import BadInput
from benchserver.evaluations import identity
from benchserver.evaluations import queries as evaluation_queries
from benchserver.evaluations.models import Evaluation
from benchserver.pools.models import Track
from benchserver.portal.api.base import ProviderView, documented
from benchserver.portal.evaluations import cancel, pause, resume, start
from benchserver.portal.serializers import (
    EvaluationAnswer,
    EvaluationRequest,
    EvaluationRow,
    Nothing,
    ResumeRequest,
)
from benchserver.providers import queries


def answer_of(evaluation: Evaluation) -> dict[str, Any]:
    """The full answer about one evaluation, as JSON data."""
    status = evaluation_queries.describe(evaluation)
    fields = {
        "id": evaluation.slug,
        "state": status.state,
        "reason": status.reason,
        "progress": {
            "total": status.total,
            "sent": status.sent,
            "judged": status.judged,
            "faults": status.faults,
        },
        "fault_codes": status.fault_codes,
        "paused_by": status.paused_by,
        "queue_position": status.queue_position,
        "expected_start": status.expected_start,
        "expected_end": status.expected_end,
        "cost": {
            "micro_usd": status.cost_micro_usd,
            "tokens_in": status.tokens_in,
            "tokens_out": status.tokens_out,
        },
        "model": evaluation.model.slug,
        "endpoint": evaluation.endpoint.slug,
        "track": evaluation.track.slug,
        "rotation": evaluation.rotation.slug,
        "created_at": evaluation.created_at,
        "ended_at": evaluation.ended_at,
        "identity": identity.told(evaluation),
        "result": status.result if status.state == "complete" else None,
    }
    return dict(EvaluationAnswer(fields).data)


def limits_of(fields: dict[str, Any]) -> Limits | None:
    """The budget of a request body; None when it names none."""
    budget = fields.get("budget")
    return None if budget is None else Limits(**budget)


class EvaluationView(ProviderView):
    serializer_class = EvaluationAnswer
    queryset = Evaluation.objects.none()

    def _mine(self, slug: str) -> Evaluation:
        mine = evaluation_queries.evaluations_of(self.provider)
        named = mine.select_related("model", "endpoint", "track", "rotation")
        return get_object_or_404(named, slug=slug)


class Evaluations(EvaluationView):
    @documented(
        name="evaluations_list",
        scope="read",
        text="Your evaluations, newest first.",
        answers={200: EvaluationRow(many=True)},
        refusals=(400,),
    )
    def get(self, request: Request) -> Response:
        rows = evaluation_queries.evaluations_of(self.provider)
        named = rows.select_related("model", "endpoint", "track", "rotation")
        return self.pages(named, EvaluationRow)

    @documented(
        name="evaluations_create",
        scope="evaluations",
        text="Ask for an evaluation of an endpoint on a track. Quota and exposure are checked now.",
        body=EvaluationRequest,
        answers={201: EvaluationAnswer},
        refusals=(404,),
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        return self.once(self._request)

    def _request(self) -> Response:
        fields = self.read(EvaluationRequest)
        endpoint = queries.live_endpoints(self.provider).filter(slug=fields["endpoint"]).first()
        if endpoint is None:
            raise Http404
        track = Track.objects.filter(slug=fields["track"]).first()
        if track is None:
            raise BadInput(f"no track {fields['track']!r}", place="track")
        limits = limits_of(fields)
        made = start(endpoint, track, by=self.principal.name, limits=limits)
        evaluation = self._mine(made.slug)
        where = reverse("api-evaluation", args=[evaluation.slug])
        return Response(answer_of(evaluation), status=201, headers={"Location": where})


class OneEvaluation(EvaluationView):
    @documented(
        name="evaluations_read",
        scope="read",
        text="One evaluation: what is happening, why, since when, what is next.",
        answers={200: EvaluationAnswer},
        refusals=(404,),
    )
    def get(self, request: Request, id: str) -> Response:
        return Response(answer_of(self._mine(id)))


class CancelEvaluation(EvaluationView):
    @documented(
        name="evaluations_cancel",
        scope="evaluations",
        text="Stop it for good. What was already sent stays counted and charged by your endpoint.",
        body=Nothing,
        answers={200: EvaluationAnswer},
        refusals=(404,),
        idempotent=True,
    )
    def post(self, request: Request, id: str) -> Response:
        return self.once(lambda: self._cancel(id))

    def _cancel(self, id: str) -> Response:
        self.read(Nothing)
        cancel(self._mine(id), by=self.principal.name)
        return Response(answer_of(self._mine(id)))


class PauseEvaluation(EvaluationView):
    @documented(
        name="evaluations_pause",
        scope="evaluations",
        text="Send nothing more of it until it is resumed. Calls in flight end and are judged.",
        body=Nothing,
        answers={200: EvaluationAnswer},
        refusals=(404,),
        idempotent=True,
    )
    def post(self, request: Request, id: str) -> Response:
        return self.once(lambda: self._pause(id))

    def _pause(self, id: str) -> Response:
        self.read(Nothing)
        pause(self._mine(id), by=self.principal.name)
        return Response(answer_of(self._mine(id)))


class ResumeEvaluation(EvaluationView):
    @documented(
        name="evaluations_resume",
        scope="evaluations",
        text="Lift your pause, or try again what ended in a fault: the same attempts, nothing is "
        "charged again.",
        body=ResumeRequest,
        answers={200: EvaluationAnswer},
        refusals=(404,),
        idempotent=True,
    )
    def post(self, request: Request, id: str) -> Response:
        return self.once(lambda: self._resume(id))

    def _resume(self, id: str) -> Response:
        fields = self.read(ResumeRequest)
        resume(self._mine(id), by=self.principal.name, limits=limits_of(fields))
        return Response(answer_of(self._mine(id)))
