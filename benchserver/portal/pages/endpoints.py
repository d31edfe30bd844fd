"""Endpoints: list, add, edit, pause, delete. A stored key is never shown, only that it is there."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from benchserver.core.errors import BadInput
from benchserver.portal import endpoints as verbs
from benchserver.portal.forms import EndpointForm, endpoint_values
from benchserver.portal.pages.door import person, provider_page, show_fault
from benchserver.providers import queries, register
from benchserver.providers.models import Endpoint, Provider

BOTH = ["GET", "HEAD", "POST"]


def _mine(provider: Provider, slug: str) -> Endpoint:
    return get_object_or_404(queries.live_endpoints(provider), slug=slug)


@require_safe
@provider_page
def endpoints(request: HttpRequest, provider: Provider) -> HttpResponse:
    context = {
        "section": "endpoints",
        "endpoints": queries.live_endpoints(provider),
        "has_models": queries.models_of(provider).exists(),
    }
    return render(request, "portal/endpoints.html", context)


@require_http_methods(BOTH)
@provider_page
def new_endpoint(request: HttpRequest, provider: Provider) -> HttpResponse:
    if not queries.models_of(provider).exists():
        messages.info(request, "First declare the model that the endpoint reaches.")
        return redirect("portal-models")
    form = EndpointForm(request.POST or None, provider=provider, editing=False)
    if request.method == "POST" and form.is_valid():
        try:
            endpoint = verbs.create(provider, form.wire_fields(), by=person(request))
        except BadInput as fault:
            show_fault(form, fault)
        else:
            messages.success(request, f"Endpoint {endpoint.name} is stored.")
            return redirect("portal-admission", endpoint.slug)
    context = {"section": "endpoints", "form": form}
    return render(request, "portal/endpoint.html", context, status=400 if form.errors else 200)


@require_http_methods(BOTH)
@provider_page
def endpoint(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    row = _mine(provider, id)
    form = EndpointForm(
        request.POST or None, provider=provider, editing=True, initial=endpoint_values(row)
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = verbs.change(row, form.wire_fields(), by=person(request))
        except BadInput as fault:
            show_fault(form, fault)
        else:
            _say_changed(request, row, changed)
            return redirect("portal-endpoints")
    context = {"section": "endpoints", "form": form, "endpoint": row}
    return render(request, "portal/endpoint.html", context, status=400 if form.errors else 200)


def _say_changed(request: HttpRequest, before: Endpoint, after: Endpoint) -> None:
    if before.key_data_key and not after.key_data_key:
        text = f"{after.name} is changed. Its host is another one, so the stored key was dropped."
        messages.warning(request, text + " Give the key again before you evaluate.")
    else:
        messages.success(request, f"Endpoint {after.name} is changed.")


@require_POST
@provider_page
def switch_endpoint(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    """Pause an endpoint, activate a paused one."""
    row = _mine(provider, id)
    paused = row.state == Endpoint.State.PAUSED
    state = Endpoint.State.ACTIVE if paused else Endpoint.State.PAUSED
    changed = verbs.change(row, {"state": state.value}, by=person(request))
    messages.success(request, f"Endpoint {row.name} is {changed.state}.")
    return redirect("portal-endpoint", row.slug)


@require_POST
@provider_page
def delete_endpoint(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    row = _mine(provider, id)
    if request.POST.get("sure") != "yes":
        messages.warning(request, "Nothing was deleted: tick the box to confirm.")
        return redirect("portal-endpoint", row.slug)
    register.delete_endpoint(endpoint=row, by=person(request))
    messages.success(request, f"Endpoint {row.name} is deleted and its key shredded.")
    return redirect("portal-endpoints")
