"""The operator's reference models: their list, and the page of their runs and links."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from benchserver.console.admin.base import ReadOnly
from benchserver.console.panelsheet import panel_sheets
from benchserver.providers.models import PanelModel


@admin.register(PanelModel)
class PanelModelAdmin(ReadOnly):
    list_display = ("model", "family", "frozen_on", "registered_at", "retired_at", "runs")
    list_select_related = ("model",)
    list_filter = ("family", ("retired_at", admin.EmptyFieldListFilter))
    fields = ("model", "family", "weights_digest", "frozen_on", "registered_at", "retired_at")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.runs_page)
        return [path("runs/", page, name="providers_panelmodel_runs"), *super().get_urls()]

    def runs_page(self, request: HttpRequest) -> HttpResponse:
        """How the panel did on hidden tasks, as counts of tasks only: for those who may look."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Panel: runs and links",
            "opts": self.opts,
            "sheets": panel_sheets(),
        }
        return TemplateResponse(request, "console/panel.html", context)

    @admin.display(description="Runs")
    def runs(self, member: PanelModel) -> str:
        where = reverse("admin:providers_panelmodel_runs")
        return format_html('<a href="{}">runs and links</a>', where)
