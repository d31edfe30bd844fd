"""Tokens: issue (its text is on this one page and nowhere else), list, revoke."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from benchserver.core.errors import BadInput
from benchserver.portal.forms import TokenForm
from benchserver.portal.pages.door import person, provider_page, show_fault
from benchserver.providers import tokens as verbs
from benchserver.providers.models import Provider


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("text", "context")
@provider_page
def tokens(request: HttpRequest, provider: Provider) -> HttpResponse:
    form = TokenForm(request.POST or None)
    text = ""
    if request.method == "POST" and form.is_valid():
        try:
            _, text = verbs.issue(provider=provider, by=person(request), **form.cleaned_data)
            form = TokenForm()
        except BadInput as fault:
            show_fault(form, fault)
    context = {
        "section": "tokens",
        "tokens": provider.tokens.order_by("-id"),
        "form": form,
        "text": text,
    }
    return render(request, "portal/tokens.html", context, status=400 if form.errors else 200)


@require_POST
@provider_page
def revoke_token(request: HttpRequest, provider: Provider, id: str) -> HttpResponse:
    token = get_object_or_404(provider.tokens.filter(revoked_at=None), prefix=id)
    verbs.revoke(token=token, by=person(request))
    messages.success(request, f"Token {token.name} is revoked; its next request is refused.")
    return redirect("portal-tokens")
