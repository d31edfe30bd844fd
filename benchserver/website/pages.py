"""The public pages. Each is rendered once per publication and knows nothing of its visitor.

Templates get no request, so no page can differ between readers, set a cookie or read a session.
Example: ``GET /boards/python/?rotation=ro-2026-11`` shows that rotation's newest snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from benchserver.leaderboard.models import Snapshot
from benchserver.website import queries
from benchserver.website.board import board_page, short_hash
from benchserver.website.figures import day, plural
from benchserver.website.remember import Memory, respond

HTML = "text/html; charset=utf-8"
Context = Mapping[str, Any]

memory = Memory(queries.publication)


def show(
    request: HttpRequest, template: str, context: Callable[[], Context], *key: str
) -> HttpResponseBase:
    """The remembered page, or ``template`` rendered with what ``context()`` returns."""

    def make() -> tuple[bytes, str]:
        text = render_to_string(f"website/{template}", {"log": log_line(), **context()})
        return text.encode(), HTML

    return respond(request, memory.recall((template, *key), make))


def log_line() -> Context | None:
    """Size and root of the newest checkpoint, for every page's foot."""
    newest = queries.checkpoint()
    if newest is None:
        return None
    entries = plural(newest.size, "entry")
    return {"entries": entries, "root": short_hash(newest.root), "size": newest.size}


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """The only board itself; with several, a list of them; with none, what will happen."""

    def make() -> tuple[bytes, str]:
        found = queries.boards()
        alone = len(found) == 1
        template = "board.html" if alone else "boards.html"
        context = board_context(found[0]) if alone else boards_context(found)
        text = render_to_string(f"website/{template}", {"log": log_line(), **context})
        return text.encode(), HTML

    return respond(request, memory.recall(("home",), make))


@require_safe
def board(request: HttpRequest, track: str) -> HttpResponseBase:
    rotation, number = request.GET.get("rotation", ""), request.GET.get("snapshot", "")
    return show(
        request,
        "board.html",
        lambda: board_context(find_snapshot(track, rotation, number)),
        track,
        rotation,
        number,
    )


def find_snapshot(track: str, rotation: str, number: str) -> Snapshot:
    """The snapshot a reader asks for. Raises ``Http404`` when there is none."""
    if number:
        wanted = int(number) if number.isdecimal() and len(number) < 18 else -1
        found = Snapshot.objects.filter(track=track, sequence=wanted).first()
    else:
        found = queries.snapshot(track, rotation)
    if found is None:
        raise Http404("No such board has been published.")
    return found


def board_context(snapshot: Snapshot) -> Context:
    page = board_page(snapshot.board)
    newest = queries.snapshot(snapshot.track, snapshot.rotation)
    return {
        "section": "boards",
        "page": page,
        "rotations": queries.rotations_of(snapshot.track),
        "newer": board_url(snapshot) if newest and newest.sequence != snapshot.sequence else "",
        "log_index": snapshot.log_index,
        "digest": snapshot.digest,
        "digest_short": short_hash(snapshot.digest),
        "csv_url": board_url(snapshot, "board_csv"),
        "json_url": board_url(snapshot, "api_leaderboard"),
        "cite": cite(snapshot, page.name),
    }


def board_url(board: Snapshot, view: str = "board", **query: object) -> str:
    where = reverse(f"website:{view}", args=[board.track])
    return f"{where}?{urlencode(query or {'rotation': board.rotation})}"


def cite(snapshot: Snapshot, name: str) -> str:
    """One line that names the snapshot so that it can be found and checked years later."""
    where = settings.PUBLIC_URL.rstrip("/") + board_url(snapshot, snapshot=snapshot.sequence)
    on = day(snapshot.published_at.isoformat())
    return (
        f"benchserver: {name}. Rotation {snapshot.rotation}, snapshot {snapshot.sequence}, "
        f"{on}. SHA-256 {snapshot.digest}. {where}"
    )


def boards_context(snapshots: list[Snapshot]) -> Context:
    pages = [board_page(each.board) for each in snapshots]
    return {"section": "boards", "pages": pages, "rotations": queries.rotations()}
