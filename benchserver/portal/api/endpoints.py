"""``endpoints/``: how a model is reached. The key goes in and never comes out.

Example: a PATCH that moves ``base_url`` to another host answers ``"key_stored": false``, because
the old key was dropped.
"""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from benchserver.portal import endpoints
from benchserver.portal.api.base import ProviderView, documented
from benchserver.portal.serializers import EndpointAnswer, EndpointChange, EndpointRequest
from benchserver.providers import queries, register
from benchserver.providers.models import Endpoint


class Endpoints(ProviderView):
    serializer_class = EndpointAnswer
    queryset = Endpoint.objects.none()

    @documented(
        name="endpoints_list",
        scope="read",
        text="Your endpoints, newest first.",
        answers={200: EndpointAnswer(many=True)},
        refusals=(400,),
    )
    def get(self, request: Request) -> Response:
        return self.pages(queries.live_endpoints(self.provider), EndpointAnswer)

    @documented(
        name="endpoints_create",
        scope="endpoints",
        text="Register an endpoint. `api_key` is sealed at once and is in no answer.",
        body=EndpointRequest,
        answers={201: EndpointAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        return self.once(self._create)

    def _create(self) -> Response:
        fields = self.read(EndpointRequest)
        endpoint = endpoints.create(self.provider, fields, by=self.principal.name)
        endpoint.refresh_from_db()
        where = reverse("api-endpoint", args=[endpoint.slug])
        return Response(EndpointAnswer(endpoint).data, status=201, headers={"Location": where})


class OneEndpoint(ProviderView):
    serializer_class = EndpointAnswer
    queryset = Endpoint.objects.none()

    def _mine(self, slug: str) -> Endpoint:
        return get_object_or_404(queries.live_endpoints(self.provider), slug=slug)

    @documented(
        name="endpoints_read",
        scope="read",
        text="One endpoint.",
        answers={200: EndpointAnswer},
        refusals=(404,),
    )
    def get(self, request: Request, id: str) -> Response:
        return Response(EndpointAnswer(self._mine(id)).data)

    @documented(
        name="endpoints_change",
        scope="endpoints",
        text="Change some fields. Another host or port drops the stored key unless a new one "
        "comes along.",
        body=EndpointChange,
        answers={200: EndpointAnswer},
        refusals=(404, 409),
    )
    def patch(self, request: Request, id: str) -> Response:
        endpoint = self._mine(id)
        fields = self.read(EndpointChange, partial=True)
        changed = endpoints.change(endpoint, fields, by=self.principal.name)
        return Response(EndpointAnswer(changed).data)

    @documented(
        name="endpoints_delete",
        scope="endpoints",
        text="Remove the endpoint and shred its key. The model and its history stay.",
        answers={204: None},
        refusals=(404,),
    )
    def delete(self, request: Request, id: str) -> Response:
        register.delete_endpoint(endpoint=self._mine(id), by=self.principal.name)
        return Response(status=204)
