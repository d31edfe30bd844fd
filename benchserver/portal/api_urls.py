"""The addresses below ``/api/v1/`` that need a token, plus the schema and its readable page."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from benchserver.portal import schema
from benchserver.portal.api import (
    admission,
    endpoints,
    evaluations,
    evidence,
    models,
    records,
    tokens,
)

urlpatterns = [
    path("models/", models.Models.as_view(), name="api-models"),
    path("endpoints/", endpoints.Endpoints.as_view(), name="api-endpoints"),
    path("endpoints/<slug:id>/", endpoints.OneEndpoint.as_view(), name="api-endpoint"),
    path("endpoints/<slug:id>/admission/", admission.Admission.as_view(), name="api-admission"),
    path("evaluations/", evaluations.Evaluations.as_view(), name="api-evaluations"),
    path("evaluations/<slug:id>/", evaluations.OneEvaluation.as_view(), name="api-evaluation"),
    path(
        "evaluations/<slug:id>/cancel/",
        evaluations.CancelEvaluation.as_view(),
        name="api-evaluation-cancel",
    ),
    path(
        "evaluations/<slug:id>/pause/",
        evaluations.PauseEvaluation.as_view(),
        name="api-evaluation-pause",
    ),
    path(
        "evaluations/<slug:id>/resume/",
        evaluations.ResumeEvaluation.as_view(),
        name="api-evaluation-resume",
    ),
    path("evaluations/<slug:id>/evidence/", evidence.Evidence.as_view(), name="api-evidence"),
    path("usage/", records.UsageView.as_view(), name="api-usage"),
    path("events/", records.Events.as_view(), name="api-events"),
    path("tokens/", tokens.Tokens.as_view(), name="api-tokens"),
    path("tokens/<slug:id>/", tokens.OneToken.as_view(), name="api-token"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", schema.docs, name="api-docs"),
]
