"""``evaluations/{id}/evidence/``: what was found on your evaluation, and your answer to it.

404 until an admin has asked you. Example: ``POST {"text": "..."}`` within ``reply_by``; the words
stand beside the mark if it is published.
"""

from __future__ import annotations

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from benchserver.evaluations import evidence
from benchserver.evaluations.models import Evaluation
from benchserver.portal.api.base import documented
from benchserver.portal.api.evaluations import EvaluationView
from benchserver.portal.serializers import EvidenceAnswer, EvidenceReply


class Evidence(EvaluationView):
    @documented(
        name="evidence_read",
        scope="read",
        text="Signs that the model met tasks before, once you were asked about them.",
        answers={200: EvidenceAnswer},
        refusals=(404,),
    )
    def get(self, request: Request, id: str) -> Response:
        return self._told(self._mine(id))

    @documented(
        name="evidence_answer",
        scope="evaluations",
        text="Your answer, once; it is published beside the mark, if there is one.",
        body=EvidenceReply,
        answers={200: EvidenceAnswer},
        refusals=(404,),
        idempotent=True,
    )
    def post(self, request: Request, id: str) -> Response:
        return self.once(lambda: self._answer(id))

    def _answer(self, id: str) -> Response:
        evaluation, fields = self._mine(id), self.read(EvidenceReply)
        if evidence.told_to_provider(evaluation) is None:
            raise Http404
        evidence.answer(evaluation=evaluation, text=fields["text"], by=self.principal.name)
        return self._told(evaluation)

    def _told(self, evaluation: Evaluation) -> Response:
        told = evidence.told_to_provider(evaluation)
        if told is None:
            raise Http404
        return Response(EvidenceAnswer(told).data)
