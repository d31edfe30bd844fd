"""The addresses below ``/portal/``: the provider's pages."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from benchserver.portal.pages import (
    admission,
    endpoints,
    evaluations,
    evidence,
    models,
    overview,
    tokens,
)
from benchserver.portal.pages.door import SignIn

urlpatterns = [
    path("", overview.overview, name="portal-overview"),
    path("login/", SignIn.as_view(), name="portal-login"),
    path("logout/", LogoutView.as_view(), name="portal-logout"),
    path("models/", models.models, name="portal-models"),
    path("endpoints/", endpoints.endpoints, name="portal-endpoints"),
    path("endpoints/new/", endpoints.new_endpoint, name="portal-endpoint-new"),
    path("endpoints/<slug:id>/", endpoints.endpoint, name="portal-endpoint"),
    path("endpoints/<slug:id>/switch/", endpoints.switch_endpoint, name="portal-endpoint-switch"),
    path("endpoints/<slug:id>/delete/", endpoints.delete_endpoint, name="portal-endpoint-delete"),
    path("endpoints/<slug:id>/admission/", admission.admission, name="portal-admission"),
    path(
        "endpoints/<slug:id>/admission/ask/",
        admission.ask_admission,
        name="portal-admission-ask",
    ),
    path("evaluations/", evaluations.evaluations, name="portal-evaluations"),
    path("evaluations/<slug:id>/", evaluations.evaluation, name="portal-evaluation"),
    path(
        "evaluations/<slug:id>/cancel/",
        evaluations.cancel_evaluation,
        name="portal-evaluation-cancel",
    ),
    path(
        "evaluations/<slug:id>/pause/",
        evaluations.pause_evaluation,
        name="portal-evaluation-pause",
    ),
    path(
        "evaluations/<slug:id>/resume/",
        evaluations.resume_evaluation,
        name="portal-evaluation-resume",
    ),
    path(
        "evaluations/<slug:id>/evidence/",
        evidence.answer_evidence,
        name="portal-evidence-answer",
    ),
    path("tokens/", tokens.tokens, name="portal-tokens"),
    path("tokens/<slug:id>/revoke/", tokens.revoke_token, name="portal-token-revoke"),
    path("events/", overview.events, name="portal-events"),
]
