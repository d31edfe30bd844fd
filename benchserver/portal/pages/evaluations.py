"""Evaluations: start, watch, cancel, pause, resume.

The page of one evaluation always says what is happening, why, since when, what is next and when it
should end; while it runs it asks the browser to load it again by the ``Refresh`` header.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import EVALUATION, EvaluationState
from benchserver.evaluations import evidence, identity
from benchserver.evaluations.models import Evaluation
from benchserver.evaluations.queries import describe, evaluations_of
from benchserver.pools.models import Track
from benchserver.portal import evaluations as verbs
from benchserver.portal.forms import EvaluationForm
from benchserver.portal.pages.door import person, provider_page, show_fault
from benchserver.providers import queries
from benchserver.providers.models import Provider

REFRESH_SECONDS = 10
PER_PAGE = 50


def _mine(provider: Provider, slug: str) -> Evaluation:
    named = evaluations_of(provider).select_related("model", "endpoint", "track", "rotation")
    return get_object_or_404(named, slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
@provider_page
def evaluations(request: HttpRequest, provider: Provider) -> HttpResponse:
    form = EvaluationForm(request.POST or None, provider=provider)
    if request.method == "POST" and form.is_valid():
        started = _start(request, provider, form)
        if started is not None:
            return redirect("portal-evaluation", started.slug)
    rows = evaluations_of(provider).select_related("model", "endpoint", "track", "rotation")
    context = {
        "section": "evaluations",
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "form": form,
    }
    return render(request, "portal/evaluations.html", context, status=400 if form.errors else 200)


def _start(request: HttpRequest, provider: Provider, form: EvaluationForm) -> Evaluation | None:
    """The new evaluation, or None with the reason in the form."""
    fields = form.cleaned_data
    endpoint = get_object_or_404(queries.live_endpoints(provider), slug=fields["endpoint"])
    track = get_object_or_404(Track, slug=fields["track"])
    try:
        return verbs.start(endpoint, track, by=person(request))
    except BadInput as fault:
        show_fault(form, fault)
    except NotAllowed as refusal:
        form.add_error(None, capfirst(str(refusal)))
    return None


@require_safe
@provider_page
def evaluation(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    row = _mine(provider, id)
    status = describe(row)
    running = status.state == EvaluationState.RUNNING.value
    context = {
        "section": "evaluations",
        "evaluation": row,
        "status": status,
        "running": running,
        "may_cancel": EVALUATION.allows(status.state, EvaluationState.CANCELLED.value),
        "may_pause": running and not status.paused_by,
        "may_go_on": running and status.paused_by == Evaluation.Pauser.PROVIDER,
        "may_resume": EVALUATION.allows(status.state, EvaluationState.RUNNING.value),
        "refresh_seconds": REFRESH_SECONDS,
        "result": status.result,
        "chances": _chances(status.result),
        "made_by": sorted((status.result or {}).get("estimators", {}).items()),
        "identity": identity.told(row),
        "evidence": evidence.told_to_provider(row),
    }
    response = render(request, "portal/evaluation.html", context)
    if running:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


def _chances(result: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Rows of pass@k for more than one sample, as the page shows them; empty without any."""
    told = (result or {}).get("pass_at_k") or {}
    ks = {int(k) for split in ("private", "public") for k in told.get(split, ())} - {1}
    parts = (("private", "Hidden"), ("public", "Public"))
    return [
        {"k": k, "cells": [_chance(told, split, name, str(k)) for split, name in parts]}
        for k in sorted(ks)
    ]


def _chance(told: dict[str, Any], split: str, name: str, k: str) -> dict[str, Any]:
    low, high = told.get("intervals", {}).get(split, {}).get(k, (None, None))
    bound = told.get("bounds", {}).get(k, "") if split == "private" else ""
    value = told.get(split, {}).get(k)
    return {"name": name, "value": value, "bound": bound, "low": low, "high": high}


@require_POST
@provider_page
def cancel_evaluation(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    row = _mine(provider, id)
    if request.POST.get("sure") != "yes":
        messages.warning(request, "Nothing was cancelled: tick the box to confirm.")
        return redirect("portal-evaluation", row.slug)
    try:
        verbs.cancel(row, by=person(request))
    except (BadInput, NotAllowed) as refusal:
        messages.error(request, capfirst(str(refusal)))
    else:
        messages.success(request, "Cancelled. What was sent before stays counted.")
    return redirect("portal-evaluation", row.slug)


@require_POST
@provider_page
def pause_evaluation(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    row = _mine(provider, id)
    try:
        verbs.pause(row, by=person(request))
    except NotAllowed as refusal:
        messages.error(request, capfirst(str(refusal)))
    else:
        messages.success(request, "Paused: nothing more is sent until you resume it.")
    return redirect("portal-evaluation", row.slug)


@require_POST
@provider_page
def resume_evaluation(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    row = _mine(provider, id)
    try:
        verbs.resume(row, by=person(request))
    except (BadInput, NotAllowed) as refusal:
        messages.error(request, capfirst(str(refusal)))
    else:
        messages.success(request, "Resumed: it goes on with what has no verdict yet.")
    return redirect("portal-evaluation", row.slug)
