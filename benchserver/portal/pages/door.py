"""Who may see a provider's page, and what all pages share.

A person logs in by session; the page gets the provider of that account and starts every query from
it, so another provider's id answers 404. Nothing here may be cached. Example: ``@provider_page``
turns ``page(request, provider, id)`` into a view; staff without a provider are told kindly.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.views.decorators.cache import never_cache

from benchserver.core.errors import BadInput
from benchserver.providers.models import Account, Provider

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Provider, P], HttpResponse]


class SignIn(LoginView):
    template_name = "portal/login.html"
    redirect_authenticated_user = True


def provider_page(page: Page[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Only for a signed-in account of a provider; the page is never cached."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        account = request.user
        if not isinstance(account, Account) or account.provider is None:
            return render(request, "portal/no_provider.html", status=403)
        return page(request, account.provider, *args, **kwargs)

    return never_cache(login_required(update_wrapper(guarded, page)))


def person(request: HttpRequest) -> str:
    """How the audit trail calls who is signed in."""
    return request.user.get_username()


def show_fault(form: Form, fault: BadInput) -> None:
    """Put a refused input beside its field, with the mend."""
    field, _, inside = fault.place.partition(".")
    place = field if field in form.fields else None
    problem = f"{inside}: {fault.problem}" if place and inside else fault.problem
    text = f"{problem}. {fault.mend}" if fault.mend else f"{problem}."
    form.add_error(place, capfirst(text))
