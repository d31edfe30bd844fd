"""Server-sent events from a stranger: bytes in, events out, whatever the pieces they come in.

Lines, events and their number are bounded, so a stream that never ends one keeps nothing. Example:
``event: ping\\ndata: {}\\n\\n`` in any cuts gives ``Event("ping", b"{}")``; an event whose empty
line never came is not one.

Source: WHATWG HTML, "Server-sent events", parsing an event stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from benchserver.engines.endpoints.pinned import Stopped, TransportLimits

_BREAK = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"
_LINES_PER_EVENT = 4  # on average, comments and blanks included
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Event:
    """``data`` as sent; ``name`` is empty where the stream names none."""

    name: str
    data: bytes

    def __repr__(self) -> str:
        return "<Event>"


class EventReader:
    """Raises ``Stopped`` for an event or a line over the limit and for too many of them."""

    def __init__(self, limits: TransportLimits):
        self._limits = limits
        self._line = bytearray()  # what came of the present line
        self._data = bytearray()
        self._has_data = False
        self._name = b""
        self._events = self._lines = 0
        self._after_return = False  # a line ended with \r, so a \n next belongs to it

    def feed(self, chunk: bytes) -> Iterator[Event]:
        if self._after_return and chunk[:1] == b"\n":
            chunk, self._after_return = chunk[1:], False
        if not chunk:
            return
        self._after_return = chunk[-1:] == b"\r"
        first, *others = _BREAK.split(chunk)
        self._extend(first)
        for part in others:
            event = self._end_line()
            if event is not None:
                yield event
            self._extend(part)

    def _extend(self, part: bytes) -> None:
        self._line += part
        if len(self._line) + len(self._data) > self._limits.event_bytes:
            raise Stopped("event_too_large")

    def _end_line(self) -> Event | None:
        line, self._line = bytes(self._line), bytearray()
        self._lines += 1
        if self._lines == 1:
            line = line.removeprefix(_BOM)
        if self._lines > _LINES_PER_EVENT * self._limits.events:
            raise Stopped("too_many_events")
        if not line:
            return self._end_event()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data += b"\n" + value if self._has_data else value
            self._has_data = True
        elif field == b"event":
            self._name = value[:MAX_NAME]
        return None

    def _end_event(self) -> Event | None:
        name, data, found = self._name, bytes(self._data), self._has_data
        self._name, self._data, self._has_data = b"", bytearray(), False
        if not found:
            return None
        self._events += 1
        if self._events > self._limits.events:
            raise Stopped("too_many_events")
        return Event(name.decode("ascii", "replace"), data)
