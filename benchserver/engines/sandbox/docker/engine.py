"""The Docker engine: every box is a fresh, hardened, one-shot container (D21).

Decides nothing about programs; it joins the parts: an image by toolchain, a pool of containers
made ahead, the wiring of one, two or a talk of ours, and the watcher. With the runtime ``runsc``
the box has a kernel of its own (gVisor). Example: ``Docker(runtime="runsc").run(request)``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from benchserver.core.errors import MissingPart, PlatformFault
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Guarantee, Level
from benchserver.engines.sandbox.docker.container import make
from benchserver.engines.sandbox.docker.daemon import Daemon
from benchserver.engines.sandbox.docker.hardening import Shape, processors_of, shape_of
from benchserver.engines.sandbox.docker.job import Wiring, pack_files, pack_job
from benchserver.engines.sandbox.docker.live import Bridge, Live
from benchserver.engines.sandbox.docker.owners import owner_label, remove_orphans
from benchserver.engines.sandbox.docker.pool import Pool
from benchserver.engines.sandbox.docker.streams import Outlet
from benchserver.engines.sandbox.docker.watch import watch
from benchserver.engines.sandbox.plumbing import Speaker, pipe
from benchserver.engines.sandbox.probe import attack

T = TypeVar("T")

_CLOSE_SECONDS = 15.0


class Docker:
    """One engine per process is enough; it is thread-safe. ``close`` it when done.

    ``pool``: containers of one shape kept ready; 0 makes each when it is asked for. Raises
    ``MissingPart`` without a daemon, the runtime, or the base image.
    """

    def __init__(self, *, runtime: str = "runc", pool: int = 4) -> None:
        self.name = "docker" if runtime == "runc" else f"docker {runtime}"
        self.level = Level.FULL
        self._runtime, self._depth = runtime, pool
        self._closing = threading.Event()
        self._idle = threading.Condition()
        self._running = 0
        self._begin()
        self._image("")
        remove_orphans(self._daemon)

    def _begin(self) -> None:
        self._owner = os.getpid()
        self._images: dict[str, str] = {}
        self._daemon = Daemon(runtime=self._runtime)
        labels = owner_label()
        daemon = self._daemon
        self._pool = Pool(lambda shape: make(daemon, shape, labels), depth=self._depth)

    def run(self, request: BoxRequest, *, stdin: bytes = b"") -> BoxResult:
        with self._boxes() as stack:
            box = self._start(stack, request, Wiring.PROGRAM)
            box.inbox.give(stdin)
            box.inbox.finish()
            return watch([box])[0]

    def run_pair(
        self, *, examiner: BoxRequest, candidate: BoxRequest
    ) -> tuple[BoxResult, BoxResult]:
        with self._boxes() as stack:
            asking = self._start(stack, examiner, Wiring.EXAMINER)
            answering = self._start(stack, candidate, Wiring.CANDIDATE)
            asking.other, answering.other = answering.inbox, asking.inbox
            first, second = watch([asking, answering])
            return first, second

    def converse(self, candidate: BoxRequest, talk: Callable[[int, int], T]) -> tuple[T, BoxResult]:
        with self._boxes() as stack:
            box = self._start(stack, candidate, Wiring.CANDIDATE)
            talk_reads, bridge_writes = pipe()
            bridge_reads, talk_writes = pipe()
            speaker = Speaker(talk, (talk_reads, talk_writes))
            stack.callback(speaker.close)
            bridge = Bridge(reading=bridge_reads, writing=bridge_writes, done_at=speaker.done)
            stack.callback(bridge.close)  # unwinds first: end-of-file is what ends a stuck talk
            box.other = bridge.outlet
            result = watch([box], bridge=bridge)[0]
            bridge.close()
            return speaker.answer(), result

    def probe(self) -> tuple[Guarantee, ...]:
        """Unlike without a container engine, bounds on the whole box are mandatory here."""
        guarantees, self.level = attack(self, expected=Level.FULL)
        broken = [guarantee for guarantee in guarantees if not guarantee.held]
        if broken:
            raise MissingPart(
                f"sandbox {self.name}: does not hold that {broken[0].detail} ({broken[0].name})",
                mend="Let Docker and its runtime use cgroups (runsc: without --ignore-cgroups)",
            )
        return guarantees

    def close(self) -> None:
        """Running boxes are stopped; their calls raise ``PlatformFault``."""
        self._closing.set()
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, _CLOSE_SECONDS)
        if self._owner == os.getpid():
            self._pool.close()
        self._daemon.close()

    @contextmanager
    def _boxes(self) -> Iterator[ExitStack]:
        with self._idle:
            if self._closing.is_set():
                raise PlatformFault("closed", "the sandbox is closed")
            if self._owner != os.getpid():  # a forked worker must not use its parent's
                self._pool.disown()
                self._begin()
            self._running += 1
        try:
            with ExitStack() as stack:
                yield stack
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _start(self, stack: ExitStack, request: BoxRequest, wiring: Wiring) -> Live:
        container = self._pool.take(self._shape(request))
        stack.callback(self._pool.give_away, container)
        container.send_files(pack_files(request))
        runner = container.runner
        if runner is None:
            raise PlatformFault("closed", "the container is gone")
        inbox = Outlet(runner)
        inbox.give(pack_job(request, wiring, runtime=self._runtime))
        box = Live(
            request=request,
            wiring=wiring,
            container=container,
            kill=lambda: self._pool.kill(container),
            processors=processors_of(self._daemon.processors),
            closing=self._closing,
            inbox=inbox,
        )
        stack.callback(self._end, box)
        return box

    def _end(self, box: Live) -> None:
        """Whatever happened to the watcher: nothing of the program survives this call."""
        if not (box.done or box.dying):
            box.container.hang_up()
            box.container.kill()

    def _shape(self, request: BoxRequest) -> Shape:
        return shape_of(request, self._image(request.toolchain))

    def _image(self, toolchain: str) -> str:
        """Looked up once: all boxes of an engine's life run on the same image."""
        if toolchain not in self._images:
            self._images[toolchain] = self._daemon.image(toolchain)
        return self._images[toolchain]
