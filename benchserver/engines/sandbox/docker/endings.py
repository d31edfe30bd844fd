"""From what was seen of a container to how its box ended.

The kernel's and the daemon's word decides; the program's own text is only ever used against it.
Example: exit status 137 with the CPU limit used up is CPU_LIMIT; a container that somebody else
killed is our fault and raises; a gVisor kernel that died of its process limit is the program's.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending

_SIGNAL_BASE, _HIGHEST_SIGNAL = 128, 64
_KILLED = _SIGNAL_BASE + signal.SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """``container_died``: with this exit status, without our doing; None when it did not."""

    cpu_seconds: float = 0.0
    memory_peak: int = 0
    out_of_memory: bool = False
    refused_processes: bool = False
    container_died: int | None = None

    def after_death(self, state: Mapping[str, object]) -> Usage:
        """What the daemon still knows of a container that died by itself."""
        code = state.get("ExitCode")
        return replace(
            self,
            out_of_memory=self.out_of_memory or bool(state.get("OOMKilled")),
            container_died=code if isinstance(code, int) else _KILLED,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """``verdict``: why we stopped it, if we did; ``failure``: why the program never began."""

    verdict: Ending | None
    stopped: bool
    failure: str
    code: int | None
    stderr: bytes


def result_of(
    request: BoxRequest, death: Death, usage: Usage, *, stdout: bytes, wall: float
) -> BoxResult:
    """Raises ``PlatformFault`` when it was us, or somebody else, and not the program."""
    ending, code = _how(request, death, usage)
    return BoxResult(
        ending=ending,
        exit_code=code,
        stdout=stdout[: request.output_bytes],
        stderr=death.stderr,
        cpu_seconds=usage.cpu_seconds,
        wall_seconds=wall,
        memory_bytes=usage.memory_peak,
    )


def _how(request: BoxRequest, death: Death, usage: Usage) -> tuple[Ending, int]:
    if usage.out_of_memory and death.verdict in (None, Ending.SIGNALLED):
        return Ending.MEMORY_LIMIT, 0
    if death.verdict is not None:
        return death.verdict, 0
    if death.failure:
        raise PlatformFault("spawn", death.failure)
    code = death.code
    if code is None:
        return _unreported(death, usage)
    if _SIGNAL_BASE < code <= _SIGNAL_BASE + _HIGHEST_SIGNAL:
        over = usage.cpu_seconds >= request.cpu_seconds
        by_limit = code == _SIGNAL_BASE + signal.SIGXCPU or (code == _KILLED and over)
        return (Ending.CPU_LIMIT if by_limit else Ending.SIGNALLED), code - _SIGNAL_BASE
    if code != 0 and _died_of_memory_error(death.stderr):
        return Ending.MEMORY_LIMIT, code
    return Ending.EXITED, code


def _unreported(death: Death, usage: Usage) -> tuple[Ending, int]:
    if death.stopped or usage.refused_processes:
        return Ending.SIGNALLED, int(signal.SIGKILL)
    if usage.container_died not in (None, 0, _KILLED):
        return Ending.SIGNALLED, int(signal.SIGKILL)  # its own kernel (gVisor) broke down
    raise PlatformFault("box_killed", "something outside the box killed it")


def _died_of_memory_error(stderr: bytes) -> bool:
    lines = stderr.strip().splitlines()[-1:]
    return bool(lines) and lines[0].startswith(b"MemoryError")
