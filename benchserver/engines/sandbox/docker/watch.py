"""Watch running containers: carry their bytes with caps, enforce CPU and wall, kill, report.

The same rules as for every engine of ours, on other wires. The watcher's report - not the
program's text - is the source of how a box ended. Example: a program that prints without end is
killed at ``output_bytes``, and its stream is drained *while* it is killed: a daemon whose reader
has stopped does not come back from killing. Boxes of a pair are watched together: when the
first one (the examiner) ends, the others are killed.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.base import BoxResult, Ending
from benchserver.engines.sandbox.docker import container as said
from benchserver.engines.sandbox.docker.endings import Death, result_of
from benchserver.engines.sandbox.docker.job import Wiring
from benchserver.engines.sandbox.docker.live import Bridge, Live
from benchserver.engines.sandbox.docker.streams import STDERR, STDOUT, receive
from benchserver.engines.sandbox.patience import may_end, stop_group, verdict_of_waiting

_STDERR_KEPT = 65536
_SHORTEST_TICK, _LONGEST_TICK = 0.01, 0.25
_CODE_TICK = 0.002


def watch(boxes: Sequence[Live], *, bridge: Bridge | None = None) -> list[BoxResult]:
    """Watch until all boxes have ended and their streams are drained.

    The first box leads: when it ends, the others are killed. With a ``bridge`` a talk of ours
    leads instead, and every box is a follower.
    """
    next_look = time.monotonic() + _SHORTEST_TICK
    while not all(box.done for box in boxes) or (bridge and bridge.busy):
        patience = min(_LONGEST_TICK, max(0.0, next_look - time.monotonic()))
        if any(box.wants_code for box in boxes):
            patience = _CODE_TICK
        _move(boxes, bridge, patience)
        for box in boxes:
            box.listen_no_more()
            box.follow_up()
        leading = not bridge.done if bridge else boxes[0].running
        if not leading:
            for box in boxes:
                box.dismiss()
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + _enforce(boxes)
    for box in boxes:
        if box.dying is not None:
            box.dying.result()
    if any(box.closing.is_set() for box in boxes):
        raise PlatformFault("closed", "the sandbox was closed while the box ran")
    return [_result(box) for box in boxes]


def _move(boxes: Sequence[Live], bridge: Bridge | None, patience: float) -> None:
    """Wait until something can move, at most ``patience`` seconds, and move it once."""
    poller = select.poll()
    handlers: dict[int, Callable[[], None]] = {}

    def when(descriptor: int, events: int, act: Callable[[], None]) -> None:
        if descriptor >= 0:
            handlers[descriptor] = act
            poller.register(descriptor, events)

    for box in boxes:
        _await_box(when, box)
    if bridge:
        _await_bridge(when, bridge, boxes[0])
    for descriptor, _ in poller.poll(patience * 1000 + 1):
        handlers[descriptor]()


def _await_box(when: Callable[[int, int, Callable[[], None]], None], box: Live) -> None:
    keeper, runner = box.container.keeper, box.container.runner
    if keeper is None or runner is None:
        raise PlatformFault("closed", "the container is gone")
    if not box.gone_at:
        when(keeper.fileno(), select.POLLIN, lambda: _hear(box))
    blocked = box.other is not None and box.other.full and not box.stopped
    reads = 0 if box.spoken or blocked else select.POLLIN
    writes = select.POLLOUT if box.inbox.waiting and not box.spoken else 0
    if reads or writes:
        when(runner.fileno(), reads | writes, lambda: _exchange(box))


def _await_bridge(
    when: Callable[[int, int, Callable[[], None]], None], bridge: Bridge, box: Live
) -> None:
    def finished() -> None:
        bridge.done = True

    if not bridge.done:
        when(bridge.done_at, select.POLLIN, finished)
    if not box.inbox.full:
        when(bridge.reading, select.POLLIN, lambda: bridge.carry(box.inbox))
    if bridge.outlet.waiting:
        when(bridge.outlet.fileno(), select.POLLOUT, bridge.outlet.pump)


def _exchange(box: Live) -> None:
    if box.inbox.waiting:
        box.inbox.pump()
    runner = box.container.runner
    data = receive(runner) if runner is not None else b""
    if data is None:
        return
    if not data:
        box.end_speech()
        return
    for stream, part in box.frames.feed(data):
        _sort(box, stream, part)


def _sort(box: Live, stream: int, part: bytes) -> None:
    if stream == STDERR:
        box.err += part[: max(0, _STDERR_KEPT - len(box.err))]
    elif stream == STDOUT and box.wiring is Wiring.PROGRAM:
        _collect(box, part)
    elif stream == STDOUT and box.other is not None and not box.stopped:
        box.other.give(part)


def _collect(box: Live, part: bytes) -> None:
    box.out += part[: max(0, box.request.output_bytes + 1 - len(box.out))]
    if len(box.out) > box.request.output_bytes:
        box.stop(Ending.OUTPUT_LIMIT)


def _hear(box: Live) -> None:
    words = box.container.hear()
    if words is None:
        box.gone_at = time.monotonic()
        return
    for kind, data in words:
        if kind == said.REPORT and box.wiring is Wiring.EXAMINER:
            _collect(box, data)
        elif kind == said.REPORTED:
            box.reported = True
        elif kind == said.BORN:
            box.failure = data.decode("ascii", "replace")
            box.bear()
        elif kind == said.DIED:
            box.settle()


def _enforce(boxes: Sequence[Live]) -> float:
    """Apply CPU, memory and wall limits; returns seconds until the next look."""
    if any(box.closing.is_set() for box in boxes):
        for box in boxes:
            box.stop(None)
    alive = [box for box in boxes if box.running]
    tick = _LONGEST_TICK
    for box in alive:
        usage = box.look()
        if usage.out_of_memory:  # under gVisor that may leave a box neither dead nor alive
            box.stop(Ending.MEMORY_LIMIT)
        left = box.request.cpu_seconds - usage.cpu_seconds
        if left < 0:
            box.stop(Ending.CPU_LIMIT)
        tick = min(tick, left / box.processors)
    if alive and time.monotonic() - alive[0].started > 1.0:
        _enforce_wall(alive)
    return max(_SHORTEST_TICK, tick)


def _enforce_wall(alive: Sequence[Live]) -> None:
    """Stop boxes that wait by their own choice, or that host or daemon have starved."""
    elapsed = time.monotonic() - max(box.started for box in alive)
    requests = [box.request for box in alive]
    wanted = sum(box.runnable_seconds() for box in alive)  # looked at each time: see ``Wanting``
    if not may_end(requests, elapsed=elapsed):
        return
    verdict = verdict_of_waiting(requests, elapsed=elapsed, wanted=wanted)
    if not all(box.born for box in alive):  # the daemon's slowness is no waiting of theirs
        late = elapsed > min(request.wall_seconds for request in requests)
        verdict = Ending.STARVED if late else None
    if verdict:
        stop_group(alive, verdict)


def _result(box: Live) -> BoxResult:
    if box.running or (not box.died_at and not box.stopped):
        box.usage = box.usage.after_death(box.container.state())
    elif not box.stopped:
        box.look()
    death = Death(
        verdict=box.verdict,
        stopped=box.stopped,
        failure=box.failure,
        code=box.code,
        stderr=bytes(box.err),
    )
    return result_of(box.request, death, box.usage, stdout=bytes(box.out), wall=_wall_seconds(box))


def _wall_seconds(box: Live) -> float:
    return (box.died_at or box.gone_at or time.monotonic()) - box.started
