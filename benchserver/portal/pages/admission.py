"""The page of an endpoint's admission: each question with its answer, live while it is asked.

While a visit waits or runs, the browser is asked to load the page again by the ``Refresh`` header,
so it works without scripts.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.views.decorators.http import require_POST, require_safe

from benchserver.core.errors import NotAllowed
from benchserver.engines.endpoints.admission.run import CHECKS
from benchserver.portal import admission as words
from benchserver.portal import endpoints as verbs
from benchserver.portal.pages.door import person, provider_page
from benchserver.providers import queries
from benchserver.providers.models import AdmissionReport, Endpoint, Provider

REFRESH_SECONDS = 3
_OPEN = (AdmissionReport.State.ASKED, AdmissionReport.State.RUNNING)


def _mine(provider: Provider, slug: str) -> Endpoint:
    return get_object_or_404(queries.live_endpoints(provider), slug=slug)


@require_safe
@provider_page
def admission(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    endpoint = _mine(provider, id)
    report = queries.last_report(endpoint)
    live = report is not None and report.state in _OPEN
    context = {
        "section": "endpoints",
        "endpoint": endpoint,
        "report": report,
        "told": words.tell(report) if report else None,
        "questions": len(CHECKS),
        "live": live,
        "refresh_seconds": REFRESH_SECONDS,
    }
    response = render(request, "portal/admission.html", context)
    if live:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


@require_POST
@provider_page
def ask_admission(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    endpoint = _mine(provider, id)
    try:
        verbs.ask_admission(endpoint, cause="asked", by=person(request))
    except NotAllowed as refusal:
        messages.error(request, capfirst(str(refusal)))
    return redirect("portal-admission", endpoint.slug)
