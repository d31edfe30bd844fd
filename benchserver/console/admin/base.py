"""Three kinds of admin pages: read-only, audited, and how an admin is called in the audit trail.

Example: ``class SendAdmin(ReadOnly)`` can be listed and opened, and nothing else.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from benchserver.audit.record import record


def actor(request: HttpRequest) -> str:
    """``admin jane``: who acts, for the audit trail."""
    return f"admin {request.user.get_username()}"


class ReadOnly(admin.ModelAdmin):
    """May be looked at by those with the view permission; nobody adds, changes or deletes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def may_act(self, request: HttpRequest) -> bool:
        """Whether this person may use the page's verbs: the change permission, asked directly."""
        meta = self.opts
        return request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}")


class Audited(admin.ModelAdmin):
    """Editable; every write is also an audit event that names fields, never values."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        verb = f"{self.opts.model_name}.{'changed' if change else 'added'}_by_admin"
        record(verb, by=actor(request), target=str(obj)[:120], fields=sorted(form.changed_data))
