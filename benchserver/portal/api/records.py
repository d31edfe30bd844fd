"""``events/`` and ``usage/``: who did what here, and what it has cost so far."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from benchserver.audit.models import Event
from benchserver.evaluations import queries
from benchserver.portal.api.base import ProviderView, documented
from benchserver.portal.serializers import EventAnswer, Usage


class Events(ProviderView):
    serializer_class = EventAnswer
    queryset = Event.objects.none()

    @documented(
        name="events_list",
        scope="read",
        text="The audit trail of your organisation, newest first.",
        answers={200: EventAnswer(many=True)},
        refusals=(400,),
    )
    def get(self, request: Request) -> Response:
        return self.pages(Event.objects.filter(provider=self.provider.slug), EventAnswer)


class UsageView(ProviderView):
    serializer_class = Usage
    pagination_class = None

    @documented(
        name="usage_read",
        scope="read",
        text="Evaluations, exposures, sends, tokens and cost per rotation.",
        answers={200: Usage},
    )
    def get(self, request: Request) -> Response:
        return Response(Usage(queries.usage(self.provider)).data)
