"""The public routes in the schema: what needs no token, and what each answers.

They are plain views over published rows (``website/api.py``), which the schema's generator cannot
see; doors do not import each other, so they are written out here, and a test holds each against a
real answer and against the addresses there are. Objects are open: a snapshot may gain members.
Example: ``GET leaderboards/{track}/`` answers the signed bytes of a board.
"""

from __future__ import annotations

import re
from typing import Any

Schema = dict[str, Any]
_BASE = "/api/v1/"
_JSON, _TEXT, _LINES = "application/json", "text/plain", "application/x-ndjson"
_STRING: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_OBJECT: Schema = {"type": "object"}
_ORDER: Schema = {"type": "array", "items": _OBJECT}
_MAYBE_TEXT: Schema = {"type": ["string", "null"]}


def add(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """The schema with the public routes (a postprocessing hook of drf-spectacular)."""
    for path, operation in _routes().items():
        name = "_".join(re.findall(r"\w+", path))
        whole = {"operationId": f"public_{name}", **operation}
        result["paths"].setdefault(_BASE + path, {})["get"] = whole
    return result


def _routes() -> dict[str, Schema]:
    which = _query("rotation", "an earlier rotation's board"), _query("snapshot", "by sequence")
    names = [_query(n, t, needed=True) for n, t in (("a", "a model"), ("b", "another model"))]
    track = _query("track", "the board's track", needed=True)
    return {
        "leaderboards/": _get("The newest snapshot of every board.", _page(_BOARD), *_PAGED),
        "leaderboards/{track}/": _get(
            "One board, as the bytes that were signed and logged. `estimators` names what made "
            "each number; `exposure` tells how often tasks were sent and how long the pool lasts.",
            _SNAPSHOT,
            _path("track"),
            *which,
        ),
        "compare/": _get("Two models of one board: a minus b.", _PAIR, *names, track, *which),
        "models/{slug}/": _get(
            "Every published row of a model, newest board first.", _MODEL, _path("slug")
        ),
        "rotations/": _get("Rotations that were committed to.", _page(_ROTATION), *_PAGED),
        "rotations/{name}/": _get(
            "One rotation: counts, commitment, state.", _ROTATION, _path("name")
        ),
        "tasks/public.jsonl": _get(
            "All public tasks, one JSON document a line.", _STRING, kind=_LINES
        ),
        "transparency/checkpoint": _get("The log's newest signed note.", _STRING, kind=_TEXT),
        "transparency/entries/": _get(
            "Entries of the log in order.",
            _object(next=_MAYBE_TEXT, results={"type": "array", "items": _ENTRY}),
            _query("start", "index of the first entry"),
            _query("limit", "how many, at most 200"),
        ),
        "transparency/bundle.json": _get("Everything that verify.py checks, in one file.", _OBJECT),
    }


def _get(says: str, answer: Schema, *parameters: Schema, kind: str = _JSON) -> Schema:
    problem = {"application/problem+json": {"schema": _OBJECT}}
    return {
        "description": says,
        "tags": ["public"],
        "security": [],
        "parameters": list(parameters),
        "responses": {
            "200": {"content": {kind: {"schema": answer}}, "description": "published, cacheable"},
            "400": {"content": problem, "description": "a parameter cannot be read"},
            "404": {"content": problem, "description": "nothing is published there"},
        },
    }


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields)}


def _page(item: Schema) -> Schema:
    rows = {"type": "array", "items": item}
    return _object(count=_WHOLE, next=_MAYBE_TEXT, previous=_MAYBE_TEXT, results=rows)


def _path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": _STRING}


def _query(name: str, says: str, *, needed: bool = False) -> Schema:
    where = {"name": name, "in": "query", "description": says, "schema": _STRING}
    return {**where, "required": needed}


_PAGED = (_query("page", "from 1"), _query("page_size", "at most 200"))
_BOARD = _object(
    track=_STRING,
    name=_STRING,
    rotation=_STRING,
    sequence=_WHOLE,
    published_at=_STRING,
    digest=_STRING,
    log_index=_WHOLE,
    url=_STRING,
)
_SNAPSHOT = _object(
    track=_OBJECT,
    rotation=_OBJECT,
    sequence=_WHOLE,
    method=_STRING,
    published_at=_STRING,
    protocol=_OBJECT,
    evaluations=_OBJECT,
    rows=_ORDER,
    unranked=_ORDER,
    estimators={"type": "object", "additionalProperties": _STRING},
)
_MODEL = _object(model=_OBJECT, results=_ORDER)
_ROTATION = _object(
    name=_STRING,
    pool=_STRING,
    state=_STRING,
    opens_at=_STRING,
    closes_at=_STRING,
    private_tasks=_WHOLE,
    public_tasks=_WHOLE,
    commitment=_OBJECT,
    first_send_at=_MAYBE_TEXT,
    evaluations_started=_WHOLE,
    evaluations_complete=_WHOLE,
)
_ENTRY = _object(index=_WHOLE, kind=_STRING, at=_STRING, leaf_hash=_STRING, body=_STRING)
_MAYBE_WHOLE: Schema = {"type": ["integer", "null"]}
_PAIR = _object(
    a=_OBJECT,
    b=_OBJECT,
    difference_e4=_MAYBE_WHOLE,
    low_e4=_MAYBE_WHOLE,
    high_e4=_MAYBE_WHOLE,
    p_adjusted_e6=_WHOLE,
    better=_STRING,
    estimators={"type": "object", "additionalProperties": _STRING},
)
