"""The first page after signing in: what runs, what is next, what it has cost. And the events."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from benchserver.audit.models import Event
from benchserver.core.lifecycle import EvaluationState
from benchserver.evaluations.queries import describe, evaluations_of, usage
from benchserver.portal.pages.door import provider_page
from benchserver.providers import queries
from benchserver.providers.models import Endpoint, Provider

EVENTS_PER_PAGE = 50


@require_safe
@provider_page
def overview(request: HttpRequest, provider: Provider) -> HttpResponse:
    mine = evaluations_of(provider).select_related("model", "endpoint", "track", "rotation")
    running = mine.filter(state=EvaluationState.RUNNING.value)[:10]
    context = {
        "section": "overview",
        "provider": provider,
        "running": [(evaluation, describe(evaluation)) for evaluation in running],
        "recent": mine.exclude(state=EvaluationState.RUNNING.value)[:5],
        "has_models": queries.models_of(provider).exists(),
        "has_endpoints": queries.live_endpoints(provider).exists(),
        "paused": queries.live_endpoints(provider).filter(state=Endpoint.State.PAUSED),
        "has_evaluations": mine.exists(),
        "usage": usage(provider),
    }
    return render(request, "portal/overview.html", context)


@require_safe
@provider_page
def events(request: HttpRequest, provider: Provider) -> HttpResponse:
    rows = Event.objects.filter(provider=provider.slug)
    page = Paginator(rows, EVENTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "portal/events.html", {"section": "events", "page": page})
