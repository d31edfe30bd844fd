"""Accounts, owner groups, providers, models, endpoints, tokens.

An endpoint's key has no field: it is written by its provider and opened by workers only. Tokens can
be revoked. Groups are merged by an action with a page that says what will be counted together.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from benchserver.console.admin.base import Audited, ReadOnly, actor
from benchserver.providers import register, tokens
from benchserver.providers.models import (
    Account,
    AdmissionReport,
    Endpoint,
    Model,
    OwnerGroup,
    Provider,
    Token,
)

admin.site.unregister(Group)


@admin.register(Account)
class AccountAdmin(Audited, UserAdmin):
    """People who log in. A person leaves by losing ``active``, so history keeps its names."""

    list_display = ("username", "provider", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    list_select_related = ("provider",)
    search_fields = ("username", "email")
    autocomplete_fields = ("provider",)
    fieldsets = (
        (None, {"fields": ("username", "email", "password", "provider")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "username",
                    "email",
                    "provider",
                    "usable_password",
                    "password1",
                    "password2",
                )
            },
        ),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ("user_permissions",)


@admin.register(OwnerGroup)
class OwnerGroupAdmin(Audited):
    """One adversary each (D15)."""

    list_display = ("name", "slug", "providers_of")
    search_fields = ("name", "slug")
    fields = ("name", "slug")
    readonly_fields = ("slug",)
    actions = ("merge",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # made with its provider

    @admin.display(description="Providers")
    def providers_of(self, group: OwnerGroup) -> str:
        return ", ".join(group.providers.values_list("slug", flat=True))

    @admin.action(description="Merge selected groups…", permissions=["change"])
    def merge(self, request: HttpRequest, chosen: QuerySet[OwnerGroup]) -> HttpResponse | None:
        groups = list(chosen.order_by("slug"))
        if len(groups) < 2:
            self.message_user(request, "Select two groups or more.", messages.WARNING)
            return None
        into = next((g for g in groups if str(g.pk) == request.POST.get("into")), None)
        if into is None:
            context = {
                **self.admin_site.each_context(request),
                "title": "Merge owner groups",
                "groups": groups,
                "opts": self.opts,
            }
            return render(request, "console/merge_groups.html", context)
        for source in groups:
            if source.pk != into.pk:
                register.merge_groups(source=source, into=into, by=actor(request))
        self.message_user(request, f"Merged into {into}: counted together from now on.")
        return None


@admin.register(Provider)
class ProviderAdmin(Audited):
    """Organisations; made by ``create_provider``, which also makes account and token."""

    list_display = ("name", "slug", "owner_group", "created_at")
    list_select_related = ("owner_group",)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "owner_group", "created_at")
    readonly_fields = ("slug", "owner_group", "created_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Model)
class ModelAdmin(ReadOnly):
    list_display = ("slug", "owner_group", "version", "declared_cutoff", "open", "created_at")
    list_select_related = ("owner_group",)
    list_filter = ("open",)
    search_fields = ("slug",)
    fields = ("slug", "name", "version", "owner_group", "declared_cutoff", "open", "created_at")


@admin.register(Endpoint)
class EndpointAdmin(ReadOnly):
    list_display = ("slug", "name", "provider", "model", "protocol", "state", "has_key")
    list_select_related = ("provider", "model")
    list_filter = ("state", "protocol")
    search_fields = ("slug", "name", "base_url")
    fields = (
        "slug",
        "name",
        "provider",
        "model",
        "protocol",
        "options",
        "base_url",
        "wire_model",
        "state",
        "pause_reason",
        "revision",
        "has_key",
        "price_in",
        "price_out",
        "max_concurrency",
        "max_rps",
        "created_at",
    )
    readonly_fields = ("has_key",)

    @admin.display(description="Key stored", boolean=True)
    def has_key(self, endpoint: Endpoint) -> bool:
        return bool(endpoint.key_data_key)


@admin.register(AdmissionReport)
class AdmissionReportAdmin(ReadOnly):
    """Visits to endpoints: which questions passed, and what is wrong."""

    list_display = ("endpoint", "provider", "cause", "state", "faults", "asked_at", "ended_at")
    list_select_related = ("endpoint__provider",)
    list_filter = ("state", "cause")
    search_fields = ("endpoint__slug", "endpoint__name")
    fields = (
        *("endpoint", "cause", "state", "asked_at", "started_at", "ended_at"),
        *("requests", "tries", "endpoint_revision", "told"),
    )
    readonly_fields = ("told",)

    @admin.display(description="Provider")
    def provider(self, report: AdmissionReport) -> str:
        return report.endpoint.provider.slug

    @admin.display(description="Faults and warnings")
    def faults(self, report: AdmissionReport) -> str:
        return ", ".join(f["code"] for f in report.findings if f["level"] != "ok")

    @admin.display(description="Findings")
    def told(self, report: AdmissionReport) -> str:
        return "\n".join(f"{f['check']}: {f['says']} {f['mend']}" for f in report.findings)


@admin.register(Token)
class TokenAdmin(ReadOnly):
    list_display = ("prefix", "name", "provider", "scopes", "last_used_at", "revoked_at")
    list_select_related = ("provider",)
    search_fields = ("prefix", "name", "provider__slug")
    fields = (
        "prefix",
        "name",
        "provider",
        "scopes",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return self.may_act(request)

    @admin.action(description="Revoke selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        live = chosen.filter(revoked_at=None)
        for token in live:
            tokens.revoke(token=token, by=actor(request))
        self.message_user(request, "Revoked: their next request is refused.")
