"""``endpoints/{id}/admission/``: ask for a visit with public questions, read its report.

Example: ``POST`` answers 202 with ``"state": "asked"``; ``GET`` shows the findings as they come,
each with cause and mend, and a proposal for the limits.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from benchserver.portal import admission, endpoints
from benchserver.portal.api.base import ProviderView, documented
from benchserver.portal.serializers import AdmissionAnswer, Nothing
from benchserver.providers import queries
from benchserver.providers.models import AdmissionReport, Endpoint


def answer_of(report: AdmissionReport) -> dict[str, Any]:
    """The report as JSON data."""
    told = admission.tell(report)
    fields = {
        "endpoint": report.endpoint.slug,
        "state": report.state,
        "says": told.says,
        "cause": report.cause,
        "asked_at": report.asked_at,
        "started_at": report.started_at,
        "ended_at": report.ended_at,
        "requests": report.requests,
        "findings": told.findings,
        "proposal": told.proposal,
    }
    return dict(AdmissionAnswer(fields).data)


class Admission(ProviderView):
    serializer_class = AdmissionAnswer
    queryset = AdmissionReport.objects.none()

    def _mine(self, slug: str) -> Endpoint:
        return get_object_or_404(queries.live_endpoints(self.provider), slug=slug)

    @documented(
        name="admission_read",
        scope="read",
        text="The newest admission report of the endpoint, also while it is being written.",
        answers={200: AdmissionAnswer},
        refusals=(404,),
    )
    def get(self, request: Request, id: str) -> Response:
        report = queries.last_report(self._mine(id))
        if report is None:
            raise Http404
        return Response(answer_of(report))

    @documented(
        name="admission_ask",
        scope="endpoints",
        text="Ask for a visit with public questions; one that is under way is answered as it is.",
        body=Nothing,
        answers={202: AdmissionAnswer},
        refusals=(404,),
        idempotent=True,
    )
    def post(self, request: Request, id: str) -> Response:
        return self.once(lambda: self._ask(id))

    def _ask(self, id: str) -> Response:
        self.read(Nothing)
        by = self.principal.name
        report = endpoints.ask_admission(self._mine(id), cause="asked", by=by)
        return Response(answer_of(report), status=202)
