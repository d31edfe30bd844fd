"""The outermost process of a running box, however it came to be.

Two kinds exist: a program that was started by hand (``spawn.py``), and a clone of a warm
interpreter (``forkserver.py``). The supervisor needs the same few answers from both. Example:
``exit_report()`` is the exit status of the program inside, told by the box's own pid 1.
"""

from __future__ import annotations

from typing import Protocol


class BoxProcess(Protocol):
    """``pid`` as we see it; ``own``: how many processes of a living box are not the program's."""

    pid: int
    own: int

    def watched(self) -> tuple[int, ...]:
        """Descriptors to read from (``hear``) while the box lives."""
        ...

    def hear(self, descriptor: int) -> bool:
        """Read what ``descriptor`` has; False at its end."""
        ...

    def bury(self) -> None:
        """Called once, when the process has ended."""
        ...

    def init_pid(self) -> int:
        """Pid 1 of the box as we see it, 0 while unknown: with it dies everything inside."""
        ...

    def exit_report(self) -> int | None:
        """Exit status of the program, 128 + n for signal n; None: it never reported."""
        ...

    def unreported(self) -> int | None:
        """The signal that ended it without a report; None: it ended by itself.

        Raises ``PlatformFault`` when the box never came to be.
        """
        ...

    def close(self) -> None: ...
