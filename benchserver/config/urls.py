"""Which door answers which path; doors know nothing of each other."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("portal/", include("benchserver.portal.urls")),
    path("api/v1/", include("benchserver.portal.api_urls")),
    path("", include("benchserver.website.urls")),
]
handler404 = "benchserver.config.notfound.handle"
