"""A bell that a signal handler may ring and the main thread may wait for.

``threading.Event.set`` in a handler takes the lock that ``wait`` may hold at that very moment: two
signals in quick succession can then hang a process for good. An eventfd has no lock.
Example: ``bell = Bell(); signal.signal(signal.SIGTERM, bell.on_signal); bell.wait()``.
"""

from __future__ import annotations

import os
import select
import weakref
from types import FrameType


class Bell:
    """Rung by a signal or by any thread, it goes on ringing. ``signals``: how many came."""

    def __init__(self) -> None:
        self.signals = 0
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        weakref.finalize(self, os.close, self._event)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """A handler for ``signal.signal``."""
        self.signals += 1
        self.ring()

    def ring(self) -> None:
        """Safe in a handler and in any thread; a second time changes nothing."""
        os.eventfd_write(self._event, 1)

    @property
    def rung(self) -> bool:
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it rings, at most ``seconds``. Does it?"""
        poll = select.poll()
        poll.register(self._event, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))
