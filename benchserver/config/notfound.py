"""What an unknown address answers: a problem document under ``/api/``, a page elsewhere.

Two doors share ``/api/v1/``, so neither can own its unknown addresses; the root does.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found


def handle(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    body = {
        "type": "/api/v1/docs/#problem-not_found",
        "title": "There is no such thing here",
        "status": 404,
        "code": "not_found",
        "detail": "No such address. See /api/v1/docs/ for those there are.",
    }
    return JsonResponse(body, status=404, content_type="application/problem+json")
