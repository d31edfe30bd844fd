"""Models: list and declare. What is declared stays, since history keys on it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from benchserver.core.errors import BadInput
from benchserver.portal.forms import ModelForm
from benchserver.portal.pages.door import person, provider_page, show_fault
from benchserver.providers import queries, register
from benchserver.providers.models import Provider


@require_http_methods(["GET", "HEAD", "POST"])
@provider_page
def models(request: HttpRequest, provider: Provider) -> HttpResponse:
    form = ModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            model = _create(request, provider, form)
        except BadInput as fault:
            show_fault(form, fault)
        else:
            messages.success(request, f"Model {model} is declared. Next: an endpoint to reach it.")
            return redirect("portal-models")
    rows = queries.models_of(provider)
    context = {"section": "models", "models": rows, "form": form}
    return render(request, "portal/models.html", context, status=400 if form.errors else 200)


def _create(request: HttpRequest, provider: Provider, form: ModelForm) -> str:
    fields = form.cleaned_data
    model = register.create_model(
        provider=provider,
        name=fields["slug"],
        version=fields["version"],
        declared_cutoff=fields["declared_cutoff"],
        open_weights=fields["open"],
        by=person(request),
    )
    return model.slug
