"""A flag that a signal handler may raise and the main thread may wait for.

``threading.Event.set`` in a handler takes the lock that ``wait`` may hold at that very moment: two
signals in quick succession can then hang a process for good. An eventfd has no lock.
Example: ``told = Told(); signal.signal(signal.SIGTERM, told.on_signal); told.wait()``.
"""

from __future__ import annotations

import os
import select
import weakref
from types import FrameType


class Told:
    """Raised once, by a signal or by any thread, and never lowered. ``signals``: how many came."""

    def __init__(self) -> None:
        self.signals = 0
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        weakref.finalize(self, os.close, self._event)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """A handler for ``signal.signal``."""
        self.signals += 1
        self.tell()

    def tell(self) -> None:
        """Raise it. Safe in a handler and in any thread; a second time changes nothing."""
        os.eventfd_write(self._event, 1)

    @property
    def told(self) -> bool:
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is raised, at most ``seconds``. Is it?"""
        poll = select.poll()
        poll.register(self._event, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))
