"""The public, read-only JSON: the same published rows as the pages, cacheable, without login.

A board is served as the very bytes that were signed and logged, so their SHA-256 is the digest in
the log. Errors are RFC 9457 problem details. Example: ``GET /api/v1/leaderboards/python/``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import DatabaseError, connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from benchserver.leaderboard.models import PublishedRotation, Snapshot
from benchserver.ledger.models import Entry
from benchserver.transparency.bundle import make_bundle
from benchserver.transparency.notes import parse_verifier_key
from benchserver.website import queries
from benchserver.website.compare import NotCompared, pair
from benchserver.website.pages import find_snapshot, memory
from benchserver.website.remember import Answer, respond
from benchserver.website.scoresheet import csv_text

JSON = "application/json"
PAGE_SIZE = 50
LARGEST_PAGE = 200
TITLES = {
    "bad_input": "Something in the request is wrong",
    "not_found": "There is no such thing here",
}

View = Callable[..., HttpResponseBase]


class BadQuery(Exception):
    """A query parameter that cannot be read; the text says which and what fits."""


def problem(status: int, code: str, detail: str) -> HttpResponse:
    """RFC 9457 problem details with a stable ``code``."""
    body = {
        "type": f"/api/v1/docs/#problem-{code}",
        "title": TITLES[code],
        "status": status,
        "code": code,
        "detail": detail,
    }
    return HttpResponse(json.dumps(body), status=status, content_type="application/problem+json")


def public(make: Callable[..., tuple[bytes, str]]) -> View:
    """A remembered, conditional GET view around ``make(query, **path)``."""

    @require_safe
    def view(request: HttpRequest, **path: Any) -> HttpResponseBase:
        key = (make.__name__, request.GET.urlencode(), tuple(path.items()))
        try:
            answer: Answer = memory.recall(key, lambda: make(request.GET, **path))
        except Http404 as error:
            return problem(404, "not_found", str(error))
        except BadQuery as error:
            return problem(400, "bad_input", str(error))
        return respond(request, answer)

    return view


def dump(value: Any) -> tuple[bytes, str]:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), JSON


def number(query: QueryDict, name: str, default: int, *, least: int, most: int) -> int:
    """A whole number of the query string. Raises ``BadQuery`` naming it and its limits."""
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or len(text) > 18 or not least <= int(text) <= most:
        raise BadQuery(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def listed(
    query: QueryDict, view: str, results: Sequence[Any], form: Callable[[Any], Any]
) -> tuple[bytes, str]:
    """One page of a list: ``count``, ``next`` (an address or null), ``previous``, ``results``."""
    size = number(query, "page_size", PAGE_SIZE, least=1, most=LARGEST_PAGE)
    page = number(query, "page", 1, least=1, most=10**6)
    where = reverse(f"website:{view}")
    last = page * size >= len(results)
    chosen = results[(page - 1) * size : page * size]
    return dump(
        {
            "count": len(results),
            "next": None if last else f"{where}?page={page + 1}&page_size={size}",
            "previous": f"{where}?page={page - 1}&page_size={size}" if page > 1 else None,
            "results": [form(each) for each in chosen],
        }
    )


@public
def leaderboards(query: QueryDict) -> tuple[bytes, str]:
    return listed(query, "api_leaderboards", queries.latest_of_each_board(), board_entry)


def board_entry(snapshot: Snapshot) -> dict[str, Any]:
    """Where a board is, and what proves that it was logged."""
    where = reverse("website:api_leaderboard", args=[snapshot.track])
    return {
        "track": snapshot.track,
        "name": snapshot.board["track"]["name"],
        "rotation": snapshot.rotation,
        "sequence": snapshot.sequence,
        "published_at": moment(snapshot.published_at),
        "digest": snapshot.digest,
        "log_index": snapshot.log_index,
        "checkpoint": snapshot.checkpoint,
        "proof": snapshot.proof,
        "url": f"{where}?snapshot={snapshot.sequence}",
    }


@public
def leaderboard(query: QueryDict, track: str) -> tuple[bytes, str]:
    found = find_snapshot(track, query.get("rotation", ""), query.get("snapshot", ""))
    return found.body.encode(), JSON


@public
def board_csv(query: QueryDict, track: str) -> tuple[bytes, str]:
    found = find_snapshot(track, query.get("rotation", ""), query.get("snapshot", ""))
    return csv_text(found.board).encode(), "text/csv; charset=utf-8"


@public
def compare(query: QueryDict) -> tuple[bytes, str]:
    """One pair of a board: ``a`` minus ``b``."""
    a, b, track = (query.get(name, "") for name in ("a", "b", "track"))
    for name, value in (("a", a), ("b", b), ("track", track)):
        if not value:
            raise BadQuery(f"{name} is missing: ?a=MODEL&b=MODEL&track=TRACK")
    if a == b:
        raise BadQuery("a and b must be two models")
    found = find_snapshot(track, query.get("rotation", ""), query.get("snapshot", ""))
    try:
        return dump(pair(found.board, a, b))
    except NotCompared as error:
        raise Http404(str(error)) from error


@public
def model(query: QueryDict, slug: str) -> tuple[bytes, str]:
    """Every published row of a model, newest board first."""
    results = queries.model_results(slug)
    if not results:
        raise Http404("No published board names this model.")
    rows = [model_result(body, row) for body, row in results]
    return dump({"model": results[0][1]["model"], "results": rows})


def model_result(body: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in row.items() if key != "model"}
    return {
        "track": body["track"]["slug"],
        "rotation": body["rotation"]["slug"],
        "sequence": body["sequence"],
        "method": body["method"],
        "published_at": body["published_at"],
        "ranked": "private" in row,
        "row": rest,
    }


@public
def rotations(query: QueryDict) -> tuple[bytes, str]:
    return listed(query, "api_rotations", queries.rotations(), rotation_entry)


@public
def rotation(query: QueryDict, name: str) -> tuple[bytes, str]:
    found = PublishedRotation.objects.filter(name=name).first()
    if found is None:
        raise Http404("No such rotation has been published.")
    return dump(rotation_entry(found))


def rotation_entry(found: PublishedRotation) -> dict[str, Any]:
    return {
        "name": found.name,
        "pool": found.pool,
        "state": found.state,
        "opens_at": moment(found.opens_at),
        "closes_at": moment(found.closes_at),
        "private_tasks": found.private_tasks,
        "public_tasks": found.public_tasks,
        "commitment": {
            "root": found.root,
            "committed_at": moment(found.committed_at),
            "log_index": found.log_index,
        },
        "first_send_at": moment(found.first_send_at) if found.first_send_at else None,
        "evaluations_started": found.evaluations_started,
        "evaluations_complete": found.evaluations_complete,
    }


@require_safe
def public_tasks(request: HttpRequest) -> HttpResponseBase:
    """All public tasks, one JSON document a line; streamed, since there may be many."""
    return StreamingHttpResponse(_task_lines(), content_type="application/x-ndjson")


def _task_lines() -> Iterator[str]:
    for task in queries.public_tasks():
        record = {
            "name": task.name,
            "pool": task.pool,
            "rotation": task.rotation,
            "commitment": task.commitment,
            "task": task.payload,
        }
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


@public
def checkpoint(query: QueryDict) -> tuple[bytes, str]:
    """The newest signed note, as it is (C2SP tlog-checkpoint)."""
    newest = queries.checkpoint()
    if newest is None:
        raise Http404("Nothing has been logged yet.")
    return newest.note.encode(), "text/plain; charset=utf-8"


@public
def entries(query: QueryDict) -> tuple[bytes, str]:
    """Log entries from ``start`` on, at most ``limit``; ``next`` is null at the log's end."""
    start = number(query, "start", 0, least=0, most=10**15)
    limit = number(query, "limit", PAGE_SIZE, least=1, most=LARGEST_PAGE)
    found = queries.entries(start=start, limit=limit + 1)
    where = reverse("website:api_entries")
    following = f"{where}?start={found[limit].index}&limit={limit}" if len(found) > limit else None
    return dump({"next": following, "results": [log_entry(each) for each in found[:limit]]})


@public
def bundle(query: QueryDict) -> tuple[bytes, str]:
    """Everything ``verify.py`` checks, in one file (docs/transparency.md)."""
    newest = queries.checkpoint()
    if newest is None:
        raise Http404("Nothing has been logged yet.")
    return dump(
        make_bundle(
            key=parse_verifier_key(newest.verifier_key),
            checkpoint=newest.note,
            entries=queries.covered(newest.size),
            earlier=queries.earlier_checkpoints(newest.size),
            pools=queries.committed_trees(newest.size),
        )
    )


def log_entry(entry: Entry) -> dict[str, Any]:
    """``body`` is text: its UTF-8 bytes are exactly what the leaf hash covers."""
    return {
        "index": entry.index,
        "kind": entry.kind,
        "at": moment(entry.at),
        "leaf_hash": entry.leaf_hash,
        "body": queries.entry_text(entry),
    }


def moment(at: Any) -> str:
    """RFC 3339 in UTC, as in snapshots."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponseBase:
    """The process answers; says nothing about what lies behind it."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponseBase:
    """The process can serve: its database answers and has the public tables."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        Snapshot.objects.exists()
    except DatabaseError:
        return JsonResponse({"status": "waiting", "missing": "database"}, status=503)
    return JsonResponse({"status": "ready"})


def unknown(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    """Any other address below the API answers in the API's own form."""
    return problem(404, "not_found", "There is nothing at this address.")
