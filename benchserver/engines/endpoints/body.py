"""The body of an answer as it arrives: counted raw and inflated, whole or event by event.

Nothing is kept that was not counted before, whatever the answer announces. Example: 64 MiB hidden
in 64 KiB of gzip is left after the first 4 MiB and a byte; the same as an event stream after one
line longer than an event may be.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import httpcore2

from benchserver.engines.endpoints.pinned import Stopped, TransportLimits
from benchserver.engines.endpoints.sse import Event, EventReader

MIN_PIECE = 16  # bytes on average: an event of a stream has more, even gzipped
_AT_ONCE = 64 * 1024  # inflated bytes

# Takes one event; True when nothing after it belongs to the reply.
Take = Callable[[Event], bool]


def whole(response: httpcore2.Response, encoding: str, limits: TransportLimits) -> bytearray:
    """All of it. Raises ``Stopped``."""
    body = bytearray()
    for piece in _plain(response, encoding, cap=limits.body_bytes, torn="content_encoding"):
        body += piece
    return body


def each_event(
    response: httpcore2.Response, encoding: str, limits: TransportLimits, take: Take
) -> None:
    """Hand every event of the stream to ``take`` until it says True or the stream ends.

    Raises ``Stopped``, and whatever ``take`` raises. A stream that merely ends is no error here:
    whether the reply was complete is for the protocol to say.
    """
    reader = EventReader(limits)
    for piece in _plain(response, encoding, cap=limits.stream_bytes, torn="cut"):
        for event in reader.feed(piece):
            if take(event):
                return


def _plain(response: httpcore2.Response, encoding: str, *, cap: int, torn: str) -> Iterator[bytes]:
    """The inflated body in bounded pieces; ``torn``: the code when the gzip ends too early."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Stopped("content_encoding")
    inflate = _Inflater() if "gzip" in encoding else None
    raw = plain = 0
    for chunk in pieces(response):
        raw += len(chunk)
        for piece in inflate.feed(chunk) if inflate else (chunk,):
            plain += len(piece)
            if max(raw, plain) > cap:
                raise Stopped("body_too_large")
            yield piece
        if raw > cap:
            raise Stopped("body_too_large")
    if inflate and not inflate.finished:
        raise Stopped(torn)


def pieces(response: httpcore2.Response) -> Iterator[bytes]:
    """The body as it arrives. Raises ``Stopped`` when it is ground to dust: a chunk of one byte
    costs as much time as one of 64 KiB, and four million of them a minute."""
    count = size = 0
    for piece in response.iter_stream():
        count, size = count + 1, size + len(piece)
        if count > 1_000 + size // MIN_PIECE:
            raise Stopped("too_fragmented")
        yield piece


class _Inflater:
    """One gzip member, in pieces of at most 64 KiB."""

    def __init__(self) -> None:
        self._gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def finished(self) -> bool:
        return self._gzip.eof and not self._gzip.unused_data

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while True:
            try:
                data = self._gzip.decompress(chunk, _AT_ONCE)
            except zlib.error:
                raise Stopped("content_encoding") from None
            if self._gzip.unused_data:
                raise Stopped("content_encoding")
            if data:
                yield data
            chunk = self._gzip.unconsumed_tail
            if not chunk and len(data) < _AT_ONCE:
                return
