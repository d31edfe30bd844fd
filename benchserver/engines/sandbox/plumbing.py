"""Descriptors of a box: pipes out, memory files in, and the crossed pipes between two sides.

Everything here is close-on-exec and numbered 10 or more, so that placing a child's 0-4 never
overwrites one. Example: ``Crossing().ours`` are the ends (read, write) that become fd 3 and fd 4
of the examiner, ``theirs`` those of the candidate.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

_ABOVE = 10


@dataclass(slots=True, kw_only=True)
class Pipes:
    """``child``: to become 0, 1, 2; the rest is ours (-1: none) until given away."""

    child: tuple[int, int, int]
    stdin: int
    stdout: int
    stderr: int
    given: bool = False

    def give(self) -> None:
        """Our ends belong to somebody who will close them."""
        self.given = True

    def close(self) -> None:
        if not self.given:
            close_all((self.stdin, self.stdout, self.stderr))
        self.given = True


class Crossing:
    """Two pipes between two sides; each end is closed exactly once."""

    def __init__(self) -> None:
        there_read, there_write = pipe()
        back_read, back_write = pipe()
        self.ours = (back_read, there_write)
        self.theirs = (there_read, back_write)
        self._open = {*self.ours, *self.theirs}

    def give_ours(self) -> tuple[int, int]:
        """Hand our ends to somebody who will close them."""
        self._open.difference_update(self.ours)
        return self.ours

    def close(self) -> None:
        close_all(self._open)
        self._open.clear()

    def __enter__(self) -> Crossing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Speaker:
    """Runs ``talk(reading, writing)`` in a thread; ``done`` turns readable when it has ended."""

    def __init__(self, talk: Callable[[int, int], Any], ends: tuple[int, int]) -> None:
        self.done = os.eventfd(0, os.EFD_CLOEXEC)
        self._talk, self._ends = talk, ends
        self._answer: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._talk(*self._ends)
        except BaseException as error:  # raised again in the thread that asked
            self._error = error
        finally:
            close_all(self._ends)
            os.eventfd_write(self.done, 1)

    def answer(self) -> Any:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._answer

    def close(self) -> None:
        self._thread.join()
        os.close(self.done)


def lift(descriptor: int) -> int:
    """A close-on-exec copy of ``descriptor`` numbered 10 or more; closes the original."""
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
    os.close(descriptor)
    return copy


def standard_pipes(*, captured: bool, feed: bool) -> Pipes:
    """stdin fed or empty, stdout captured or dropped, stderr always captured."""
    stdin = pipe() if feed else (_null(os.O_RDONLY), -1)
    stdout = pipe() if captured else (-1, _null(os.O_WRONLY))
    stderr = pipe()
    return Pipes(
        child=(stdin[0], stdout[1], stderr[1]),
        stdin=stdin[1],
        stdout=stdout[0],
        stderr=stderr[0],
    )


def memory_file(content: bytes) -> int:
    """A nameless file holding ``content``, ready to be read from its start."""
    descriptor = lift(os.memfd_create("box", os.MFD_CLOEXEC))
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def close_all(descriptors: Iterable[int]) -> None:
    """Close each; -1 stands for none."""
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)


def pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    return lift(reading), lift(writing)


def _null(flags: int) -> int:
    return lift(os.open(os.devnull, flags | os.O_CLOEXEC))
