"""A page is made once per publication, and the next publication replaces it."""

from __future__ import annotations

import gzip
import threading

import pytest
from django.db import OperationalError
from django.http import Http404
from django.test import RequestFactory

from benchserver.website import remember
from benchserver.website.remember import Memory, respond, strong_etag


class Published:
    """A publication that a test can change or break."""

    def __init__(self) -> None:
        self.number = 1
        self.away = False
        self.made = 0

    def __call__(self) -> int:
        if self.away:
            raise OperationalError("the database is away")
        return self.number

    def make(self) -> tuple[bytes, str]:
        self.made += 1
        return f"board {self.number}".encode(), "text/plain"


def test_the_second_reader_gets_what_the_first_one_made() -> None:
    published = Published()
    memory = Memory(published)
    answers = {memory.recall("page", published.make) for _ in range(5)}
    assert len(answers) == 1
    assert published.made == 1


def test_a_new_publication_is_made_anew() -> None:
    published = Published()
    memory = Memory(published)
    old = memory.recall("page", published.make)
    published.number = 2
    new = memory.recall("page", published.make)
    assert (old.content, new.content) == (b"board 1", b"board 2")
    assert old.etag != new.etag


def test_within_a_second_nobody_asks_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remember, "FRESH_SECONDS", 3600.0)
    published = Published()
    memory = Memory(published)
    memory.recall("page", published.make)
    published.away = True
    assert memory.recall("page", published.make).content == b"board 1"


def test_known_pages_stay_readable_while_the_database_is_away() -> None:
    published = Published()
    memory = Memory(published)
    memory.recall("page", published.make)
    published.away = True
    assert memory.recall("page", published.make).content == b"board 1"


def test_with_nothing_known_a_broken_database_is_an_error() -> None:
    published = Published()
    published.away = True
    with pytest.raises(OperationalError):
        Memory(published).recall("page", published.make)


def test_a_page_that_does_not_exist_is_looked_for_again() -> None:
    published = Published()
    memory = Memory(published)

    def missing() -> tuple[bytes, str]:
        raise Http404

    with pytest.raises(Http404):
        memory.recall("page", missing)
    assert memory.recall("page", published.make).content == b"board 1"


def test_many_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remember, "MOST_ANSWERS", 3)
    published = Published()
    memory = Memory(published)
    for key in range(50):
        memory.recall(key, published.make)
    assert len(memory._answers) <= 3


def test_readers_at_the_same_time_make_the_page_once() -> None:
    published = Published()
    memory = Memory(published)
    readers = [
        threading.Thread(target=memory.recall, args=("page", published.make)) for _ in range(8)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert published.made == 1


def test_a_reader_who_has_the_page_gets_304_without_a_body() -> None:
    published = Published()
    answer = Memory(published).recall("page", published.make)
    first = respond(RequestFactory().get("/"), answer)
    again = respond(RequestFactory().get("/", headers={"If-None-Match": answer.etag}), answer)
    assert (first.status_code, first["ETag"]) == (200, answer.etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer.etag)
    assert again["Cache-Control"] == first["Cache-Control"] == "public, no-cache"


def test_a_reader_who_takes_gzip_gets_the_same_page_packed_under_a_tag_of_its_own() -> None:
    published = Published()
    answer = Memory(published).recall("page", published.make)
    wants = {"Accept-Encoding": "br, gzip"}
    packed = respond(RequestFactory().get("/", headers=wants), answer)
    assert gzip.decompress(packed.content) == answer.content
    assert packed["Content-Encoding"] == "gzip"
    assert packed["Vary"] == "Accept-Encoding"
    assert packed["ETag"] != answer.etag
    held = {**wants, "If-None-Match": packed["ETag"]}
    assert respond(RequestFactory().get("/", headers=held), answer).status_code == 304


def test_a_validator_is_strong_and_names_the_bytes() -> None:
    assert strong_etag(b"a") != strong_etag(b"b")
    assert strong_etag(b"a").startswith('"')
