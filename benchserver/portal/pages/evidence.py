"""The right of reply on a page: what was found on one evaluation, until when, and the answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from benchserver.core.errors import BadInput, NotAllowed
from benchserver.evaluations import evidence
from benchserver.evaluations.queries import evaluations_of
from benchserver.portal.pages.door import person, provider_page
from benchserver.providers.models import Provider


@require_POST
@provider_page
def answer_evidence(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    row = get_object_or_404(evaluations_of(provider), slug=id)
    try:
        evidence.answer(evaluation=row, text=request.POST.get("text", ""), by=person(request))
    except (BadInput, NotAllowed) as refusal:
        messages.error(request, capfirst(str(refusal)))
    else:
        messages.success(request, "Your answer is kept. If a mark is published, it stands beside.")
    return redirect("portal-evaluation", row.slug)
