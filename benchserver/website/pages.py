"""The public pages. Each is rendered once per publication and knows nothing of its visitor.

Templates get no request, so no page can differ between readers, set a cookie or read a session.
Example: ``GET /boards/python/?rotation=ro-2026-11`` shows that rotation's newest snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from benchserver.core.disclosure import SMALL_CELL
from benchserver.leaderboard.models import PublishedRotation, Snapshot
from benchserver.website import queries
from benchserver.website.axis import Axis
from benchserver.website.board import (
    Body,
    board_page,
    model_name,
    row_of,
    shared_axis,
    short_hash,
)
from benchserver.website.breakdowns import breakdown_of
from benchserver.website.compare import (
    NotCompared,
    difference_text,
    interval_text,
    p_text,
    pair,
    verdict_text,
)
from benchserver.website.definitions import behind, registry
from benchserver.website.figures import clean, clock, day, plural
from benchserver.website.records import entries_phrase, entry_view, exposure_view, rotation_view
from benchserver.website.remember import Memory, respond

HTML = "text/html; charset=utf-8"
ENTRIES_SHOWN = 100
END_OF_LOG = 10**17
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
    return {"entries": entries_phrase(newest.size), "root": short_hash(newest.root)}


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
    chart = request.GET.get("chart", "")
    return show(
        request,
        "board.html",
        lambda: board_context(find_snapshot(track, rotation, number), chart=chart),
        track,
        rotation,
        number,
        chart,
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


def board_context(snapshot: Snapshot, *, chart: str = "") -> Context:
    page = board_page(snapshot.board, unit=chart)
    newest = queries.snapshot(snapshot.track, snapshot.rotation)
    return {
        "section": "boards",
        "page": page,
        "rotations": queries.rotations_of(snapshot.track),
        "newer": board_url(snapshot) if newest and newest.sequence != snapshot.sequence else "",
        "log_index": snapshot.log_index,
        "digest": snapshot.digest,
        "digest_short": short_hash(snapshot.digest),
        "compare_url": compare_url(snapshot),
        "chart_url": board_url(snapshot, snapshot=snapshot.sequence),
        "csv_url": board_url(snapshot, "board_csv"),
        "json_url": board_url(snapshot, "api_leaderboard"),
        "cite": cite(snapshot, page.name),
    }


@require_safe
def compare(request: HttpRequest) -> HttpResponseBase:
    """Two models of one board side by side; without a choice, its first two rows."""
    names = ("a", "b", "track", "rotation", "snapshot")
    asked = {name: request.GET.get(name, "") for name in names}
    return show(
        request, "compare.html", lambda: compare_context(**asked), "compare", *asked.values()
    )


def compare_context(*, a: str, b: str, track: str, rotation: str, snapshot: str) -> Context:
    """Raises ``Http404`` for a board that was never published."""
    boards = queries.boards()
    chosen = track or (boards[0].track if boards else "")
    found = find_snapshot(chosen, rotation, snapshot)
    body = found.board
    names = {row["model"]["slug"]: model_name(row["model"]) for row in body["rows"]}
    first, second = (*list(names)[:2], "", "")[:2]
    a, b = a or (first if b != first else second), b or (second if a != second else first)
    query = {"a": a, "b": b, "track": found.track, "rotation": found.rotation}
    context = {
        "section": "boards",
        "name": clean(body["track"]["name"]),
        "board_url": board_url(found),
        "json_url": f"{reverse('website:api_compare')}?{urlencode(query)}",
        "names": names,
        **query,
    }
    try:
        return {**context, "found": pair_view(body, pair(body, a, b))}
    except NotCompared as error:
        return {**context, "why": str(error)}


def pair_view(body: Body, found: Mapping[str, Any]) -> Context:
    """One pair as finished texts."""
    a, b = (model_name(found[side]["model"]) for side in ("a", "b"))
    sides = [row for row in body["rows"] if row["model"]["slug"] in (a.slug, b.slug)]
    shared = shared_axis(sides)
    rows = {row["model"]["slug"]: row_of(row, shared) for row in sides}
    return {
        "verdict": verdict_text(found, first=a.name, second=b.name),
        "rows": [rows[a.slug], rows[b.slug]],
        "ticks": shared.ticks,
        "difference": difference_text(found),
        "interval": interval_text(found),
        "p": p_text(found["p_e6"]),
        "p_adjusted": p_text(found["p_adjusted_e6"]),
        "tasks": found["tasks"],
        "models": len(body["rows"]),
        "made_by": {
            name: {"label": label, "id": label.partition("@")[0]} if label else None
            for name, label in found["estimators"].items()
        },
    }


def board_url(board: Snapshot, view: str = "board", **query: object) -> str:
    where = reverse(f"website:{view}", args=[board.track])
    return f"{where}?{urlencode(query or {'rotation': board.rotation})}"


def compare_url(board: Snapshot) -> str:
    query = {"track": board.track, "rotation": board.rotation}
    return f"{reverse('website:compare')}?{urlencode(query)}"


def cite(snapshot: Snapshot, name: str) -> str:
    """One line that names the snapshot so that it can be found and checked years later."""
    where = base_url() + board_url(snapshot, snapshot=snapshot.sequence)
    on = day(snapshot.published_at.isoformat())
    return (
        f"benchserver: {name}. Rotation {snapshot.rotation}, snapshot {snapshot.sequence}, "
        f"{on}. SHA-256 {snapshot.digest}. {where}"
    )


def boards_context(snapshots: list[Snapshot]) -> Context:
    pages = [board_page(each.board) for each in snapshots]
    return {"section": "boards", "pages": pages, "rotations": queries.rotations()}


@require_safe
def models(request: HttpRequest) -> HttpResponseBase:
    return show(
        request,
        "models.html",
        lambda: {"section": "models", "models": [model_name(m) for m in queries.models()]},
    )


@require_safe
def model(request: HttpRequest, slug: str) -> HttpResponseBase:
    return show(request, "model.html", lambda: model_context(slug), slug)


def model_context(slug: str) -> Context:
    """All published rows of a model, newest board first. Raises ``Http404`` when none names it."""
    found = queries.model_results(slug)
    if not found:
        raise Http404("No published board names this model.")
    ranked = [(board, row) for board, row in found if "private" in row]
    shared = Axis()
    return {
        "section": "models",
        "model": model_name(found[0][1]["model"]),
        "ticks": shared.ticks,
        "results": [
            {**board_link(b), "row": row_of(row, shared), "parts": breakdown_of(row)}
            for b, row in ranked
        ],
        "open": [{**board_link(b), "entry": row} for b, row in found if "private" not in row],
        "evaluations": plural(sum(row["evaluations"] for _, row in found), "evaluation"),
        "json_url": reverse("website:api_model", args=[slug]),
    }


def board_link(body: Body) -> dict[str, Any]:
    track, rotation = body["track"]["slug"], body["rotation"]["slug"]
    return {
        "board": clean(body["track"]["name"]),
        "rotation": rotation,
        "models": plural(len(body["rows"]), "model"),
        "url": f"{reverse('website:board', args=[track])}?{urlencode({'rotation': rotation})}",
    }


@require_safe
def rotations(request: HttpRequest) -> HttpResponseBase:
    return show(
        request,
        "rotations.html",
        lambda: {
            "section": "rotations",
            "rotations": [rotation_view(each) for each in queries.rotations()],
        },
    )


@require_safe
def rotation(request: HttpRequest, name: str) -> HttpResponseBase:
    return show(request, "rotation.html", lambda: rotation_context(name), name)


def rotation_context(name: str) -> Context:
    found = PublishedRotation.objects.filter(name=name).first()
    if found is None:
        raise Http404("No such rotation has been published.")
    return {
        "section": "rotations",
        "rotation": rotation_view(found),
        "boards": [
            {
                "name": clean(s.board["track"]["name"]),
                "sequence": s.sequence,
                "url": board_url(s),
                "exposure": exposure_view(s.board.get("exposure")),
            }
            for s in queries.boards_of_rotation(name)
        ],
        "base": base_url(),
    }


@require_safe
def transparency(request: HttpRequest) -> HttpResponseBase:
    before = request.GET.get("before", "")
    wanted = int(before) if before.isdecimal() and len(before) < 18 else END_OF_LOG
    return show(request, "transparency.html", lambda: log_context(wanted), str(wanted))


def log_context(before: int) -> Context:
    newest = queries.checkpoint()
    found = queries.entries_before(before, ENTRIES_SHOWN)
    return {
        "section": "transparency",
        "checkpoint": newest,
        "signed_at": clock(newest.at.isoformat()) if newest else "",
        "entries": [entry_view(each) for each in found],
        "older": found[-1].index if found and found[-1].index > 0 else 0,
        "base": base_url(),
    }


@require_safe
def methodology(request: HttpRequest) -> HttpResponseBase:
    return show(
        request,
        "methodology.html",
        lambda: {
            "section": "methodology",
            "policy": policy(),
            "small_cell": SMALL_CELL,
            "behind": behind(),
            "estimators": registry(),
        },
    )


@require_safe
def for_providers(request: HttpRequest) -> HttpResponseBase:
    return show(
        request,
        "for_providers.html",
        lambda: {"section": "providers", "policy": policy(), "base": base_url()},
    )


def policy() -> Context:
    """The policy numbers as this service runs with them, for the pages that explain them."""
    once = settings.EXPOSURE_PER_PROVIDER
    return {
        "cell": settings.MIN_CELL,
        "once": "once" if once == 1 else plural(once, "time"),
        "groups": settings.EXPOSURE_PER_TASK,
        "days": settings.TASK_MAX_AGE_DAYS,
        "evaluations": settings.EVALUATIONS_PER_ROTATION,
        "refused": settings.REFUSED_SENDS_MAX,
    }


def base_url() -> str:
    return settings.PUBLIC_URL.rstrip("/")


@require_safe
def robots(request: HttpRequest) -> HttpResponseBase:
    def make() -> tuple[bytes, str]:
        return render_to_string("robots.txt").encode(), "text/plain; charset=utf-8"

    return respond(request, memory.recall(("robots",), make))


@require_safe
def verifier(request: HttpRequest) -> HttpResponseBase:
    """The stand-alone verifier's source, so that checking needs nothing but this site's files."""

    def make() -> tuple[bytes, str]:
        source = resources.files("benchserver.transparency").joinpath("verify.py")
        return source.read_bytes(), "text/x-python; charset=utf-8"

    return respond(request, memory.recall(("verifier",), make))
