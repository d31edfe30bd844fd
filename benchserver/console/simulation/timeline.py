"""Virtual time: events in their order, and no waiting.

Example: ``time.after(20, wake)``; iterating a ``Timeline`` sets ``now`` and yields each event, also
those that events add.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

Event = Callable[[], None]


class Timeline:
    def __init__(self, start: float) -> None:
        self.now = start
        self._events: list[tuple[float, int, Event]] = []
        self._order = 0

    def at(self, when: float, event: Event) -> None:
        """Two events of one moment happen in the order they were added."""
        self._order += 1
        heapq.heappush(self._events, (when, self._order, event))

    def after(self, seconds: float, event: Event) -> None:
        self.at(self.now + seconds, event)

    def __iter__(self) -> Iterator[Event]:
        while self._events:
            self.now, _, event = heapq.heappop(self._events)
            yield event
