"""``models/``: what is ranked. An endpoint is only a way to reach one."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from benchserver.portal.api.base import ProviderView, documented
from benchserver.portal.serializers import ModelAnswer, ModelRequest
from benchserver.providers import queries, register
from benchserver.providers.models import Model


class Models(ProviderView):
    serializer_class = ModelAnswer
    queryset = Model.objects.none()

    @documented(
        name="models_list",
        scope="read",
        text="Models of your owner group, newest first.",
        answers={200: ModelAnswer(many=True)},
        refusals=(400,),
    )
    def get(self, request: Request) -> Response:
        return self.pages(queries.models_of(self.provider), ModelAnswer)

    @documented(
        name="models_create",
        scope="endpoints",
        text="Declare a model. Its history keys on this name for good.",
        body=ModelRequest,
        answers={201: ModelAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        return self.once(self._create)

    def _create(self) -> Response:
        fields = self.read(ModelRequest)
        model = register.create_model(
            provider=self.provider,
            name=fields["slug"],
            version=fields["version"],
            declared_cutoff=fields["declared_cutoff"],
            open_weights=fields["open"],
            by=self.principal.name,
        )
        model.refresh_from_db()
        return Response(ModelAnswer(model).data, status=201)
