"""Which public address shows what. Included last, at the root; the portal's paths come first."""

from __future__ import annotations

from django.urls import path, re_path

from benchserver.website import api, pages

app_name = "website"

urlpatterns = [
    path("", pages.home, name="home"),
    path("boards/<slug:track>/", pages.board, name="board"),
    path("boards/<slug:track>/scores.csv", api.board_csv, name="board_csv"),
    path("compare/", pages.compare, name="compare"),
    path("models/", pages.models, name="models"),
    path("models/<slug:slug>/", pages.model, name="model"),
    path("rotations/", pages.rotations, name="rotations"),
    path("rotations/<str:name>/", pages.rotation, name="rotation"),
    path("methodology/", pages.methodology, name="methodology"),
    path("transparency/", pages.transparency, name="transparency"),
    path("transparency/verify.py", pages.verifier, name="verifier"),
    path("for-providers/", pages.for_providers, name="for_providers"),
    path("robots.txt", pages.robots, name="robots"),
    path("healthz", api.healthz, name="healthz"),
    path("readyz", api.readyz, name="readyz"),
    path("api/v1/leaderboards/", api.leaderboards, name="api_leaderboards"),
    path("api/v1/leaderboards/<slug:track>/", api.leaderboard, name="api_leaderboard"),
    path("api/v1/compare/", api.compare, name="api_compare"),
    path("api/v1/models/<slug:slug>/", api.model, name="api_model"),
    path("api/v1/rotations/", api.rotations, name="api_rotations"),
    path("api/v1/rotations/<str:name>/", api.rotation, name="api_rotation"),
    path("api/v1/tasks/public.jsonl", api.public_tasks, name="api_public_tasks"),
    path("api/v1/transparency/checkpoint", api.checkpoint, name="api_checkpoint"),
    path("api/v1/transparency/entries/", api.entries, name="api_entries"),
    path("api/v1/transparency/bundle.json", api.bundle, name="api_bundle"),
    re_path(r"^api/", api.unknown),
]
