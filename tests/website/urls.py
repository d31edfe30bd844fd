"""The website alone at the root, so that its tests need no other door."""

from django.urls import include, path

urlpatterns = [path("", include("benchserver.website.urls"))]
