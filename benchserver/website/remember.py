"""An answer is made once per publication and process, then only handed out.

The *publication* is a small tuple of what the database has published; while it stays the same,
every page built from it stays the same too. It is looked at once a second at most, so a new board
is seen within a second. Example: the second reader of a board costs no query and no template.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

FRESH_SECONDS = 1.0
MOST_ANSWERS = 500
CACHE_CONTROL = "public, no-cache"  # anyone may keep it, but asks first: a 304 costs nothing


@dataclass(frozen=True, slots=True)
class Answer:
    content: bytes
    content_type: str
    etag: str
    packed: bytes


class Memory:
    """Answers of one publication; a new publication empties it. Safe between threads."""

    def __init__(self, publication: Callable[[], Hashable]) -> None:
        self._publication = publication
        self._lock = threading.RLock()
        self._known: Hashable = None
        self._looked = -1.0
        self._answers: dict[Hashable, Answer] = {}

    def recall(self, key: Hashable, make: Callable[[], tuple[bytes, str]]) -> Answer:
        """The answer for ``key``; ``make`` gives content and type, and runs once per publication.

        What ``make`` raises (a page that does not exist) is passed on and not remembered.
        """
        with self._lock:  # one thread refills, the others wait for its result
            self._look()
            answer = self._answers.get(key)
            if answer is None:
                content, content_type = make()
                answer = Answer(
                    content, content_type, strong_etag(content), gzip.compress(content, mtime=0)
                )
                if len(self._answers) >= MOST_ANSWERS:
                    self._answers.clear()
                self._answers[key] = answer
            return answer

    def forget(self) -> None:
        with self._lock:
            self._answers.clear()
            self._looked = -1.0

    def _look(self) -> None:
        now = time.monotonic()
        if self._looked >= 0 and now - self._looked < FRESH_SECONDS:
            return
        try:
            published = self._publication()
        except Error:
            if not self._answers:
                raise
            published = self._known  # what is known stays readable while the database is away
        if published != self._known:
            self._answers.clear()
        self._known, self._looked = published, now


def strong_etag(content: bytes) -> str:
    """A quoted strong validator (RFC 9110, 8.8.3): equal bytes, equal tag."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def respond(request: HttpRequest, answer: Answer) -> HttpResponseBase:
    """200 with the content, or 304 when the reader holds it already.

    Packed for readers who take gzip: pages hold nothing secret and nothing of the visitor, so
    their length tells nothing (BREACH does not apply). The packed form has a tag of its own.
    """
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    etag = f'{answer.etag[:-1]}-gz"' if packs else answer.etag
    content = answer.packed if packs else answer.content
    made = HttpResponse(content, content_type=answer.content_type, headers={"ETag": etag})
    if packs:
        made["Content-Encoding"] = "gzip"
    response = get_conditional_response(request, etag=etag, response=made) or made
    response["Cache-Control"] = CACHE_CONTROL
    response["Vary"] = "Accept-Encoding"
    return response
