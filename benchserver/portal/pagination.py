"""Lists come in pages that stay true while rows are added: a cursor over the time-ordered id.

Example: ``GET events/?page_size=20`` answers ``{"next", "previous", "results"}``; following
``next`` never repeats or skips a row, however many arrive meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from benchserver.core.errors import BadInput


class Pages(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = "-id"

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Raises ``BadInput`` for a cursor that this list did not give."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError):
            raise BadInput(
                "that cursor is not from this list", place="cursor", mend="Start without one."
            ) from None
