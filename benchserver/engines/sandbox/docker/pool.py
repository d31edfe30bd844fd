"""Fresh containers made ahead, so that a request does not wait for one to start.

A container leaves the pool once and never comes back: nothing that ran one submission's code
serves another. Example: two workers grade with one limit; the pool keeps a few ready containers
of that shape - as many as it was asked for before, up to the depth - and those of a shape nobody
asks for any more are removed first.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.docker.container import Container
from benchserver.engines.sandbox.docker.hardening import Shape

_PER_SHAPE = 4
_IN_ALL = 12
_PAUSE_SECONDS = 2.0
_HANDS = 4


class Pool:
    """Thread-safe. ``depth`` 0 makes every container on demand. ``close`` it."""

    def __init__(self, make: Callable[[Shape], Container], *, depth: int = _PER_SHAPE) -> None:
        self._make = make
        self._depth = depth
        self._ready: OrderedDict[Shape, deque[Container]] = OrderedDict()
        self._making: Counter[Shape] = Counter()
        self._asked: Counter[Shape] = Counter()
        self._changed = threading.Condition()
        self._closed = False
        self._hands = ThreadPoolExecutor(_HANDS, thread_name_prefix="docker-hands")
        self._fillers = [
            threading.Thread(target=self._fill, daemon=True, name="docker-pool")
            for _ in range(min(2, os.cpu_count() or 1) if depth else 0)
        ]
        for filler in self._fillers:
            filler.start()

    def take(self, shape: Shape) -> Container:
        """A ready container; made now when none is. Raises ``PlatformFault``."""
        while (container := self._pop(shape)) is not None:
            if container.is_fresh():
                return container
            self.give_away(container)  # the daemon was restarted, or somebody removed it
        return self._make(shape)

    def give_away(self, container: Container) -> None:
        """Remove it in the background; it is dead or will be."""
        try:
            self._hands.submit(container.remove)
        except RuntimeError:  # closed meanwhile
            container.remove()

    def kill(self, container: Container) -> Future[None]:
        """Kill in the background, so that the caller can go on draining."""
        try:
            return self._hands.submit(container.kill)
        except RuntimeError as error:
            raise PlatformFault("closed", "the sandbox is closed") from error

    def close(self) -> None:
        """Remove all that is ready and wait for what is being removed. Idempotent."""
        with self._changed:
            self._closed = True
            left = [each for ready in self._ready.values() for each in ready]
            self._ready.clear()
            self._changed.notify_all()
        for filler in self._fillers:
            filler.join()
        for container in left:
            self.give_away(container)
        self._hands.shutdown(wait=True)

    def disown(self) -> None:
        """In a forked child: the containers are the parent's; only let go of the connections."""
        for ready in self._ready.values():
            for container in ready:
                container.hang_up()

    def _pop(self, shape: Shape) -> Container | None:
        with self._changed:
            if self._closed:
                raise PlatformFault("closed", "the sandbox is closed")
            ready = self._ready.setdefault(shape, deque())
            self._asked[shape] += 1
            self._ready.move_to_end(shape)  # the newest shape is wanted most
            self._changed.notify()
            return ready.popleft() if ready else None

    def _fill(self) -> None:
        while (shape := self._wait_for_need()) is not None:
            try:
                container = self._make(shape)
            except Exception:  # whoever asks next hears why
                with self._changed:
                    self._making[shape] -= 1
                    self._changed.wait_for(lambda: self._closed, _PAUSE_SECONDS)
                continue
            self._put(shape, container)

    def _wait_for_need(self) -> Shape | None:
        with self._changed:
            while not self._closed:
                for shape, ready in reversed(self._ready.items()):
                    wanted = min(self._depth, self._asked[shape] - 1)
                    if len(ready) + self._making[shape] < wanted:
                        self._making[shape] += 1
                        return shape
                self._changed.wait()
            return None

    def _put(self, shape: Shape, container: Container) -> None:
        with self._changed:
            self._making[shape] -= 1
            ready = self._ready.get(shape)
            kept = not self._closed and ready is not None
            if ready is not None and kept:
                ready.append(container)
            spare = [] if kept else [container]
            spare += self._beyond_all()
        for each in spare:
            self.give_away(each)

    def _beyond_all(self) -> list[Container]:
        """Containers of the shapes longest not asked for, when there are too many in all."""
        spare: list[Container] = []
        while sum(len(ready) for ready in self._ready.values()) > _IN_ALL:
            shape, oldest = self._ready.popitem(last=False)
            del self._asked[shape]
            spare += oldest
        return spare
