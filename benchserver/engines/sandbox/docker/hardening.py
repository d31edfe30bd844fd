"""What a container may do: nothing but run one program in a small, bounded, silent place.

One literal table. Example: a request for 256 MiB and 64 processes becomes a container with no
network, no capability, a read-only root, no swap and two sized tmpfs. The daemon's default seccomp
profile stays on around it; the launcher adds the filter that every engine of ours uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchserver.engines.sandbox.base import BoxRequest

KEEPER_UID = 65533
_MIB = 2**20
_BOX_BYTES = 160 * _MIB  # bounds the files we send in; what is there counts as memory
_SHM_BYTES = _MIB
_OWN_PROCESSES = 3  # docker-init, the keeper, and one to spare
_FEWEST_PROCESSES = 24  # the runtime's own start-up threads pass through this limit
_MOST_PROCESSORS = 2.0
# gVisor's kernel lives in the container's cgroup too. Measured: 60 threads and 18 MiB for itself, 9
# threads and 3 MiB for each process inside. When it meets this limit it dies; the limit that a
# program meets first is RLIMIT_NPROC, which refuses a fork as usual.
_SENTRY_THREADS, _THREADS_PER_PROCESS = 96, 12
_SENTRY_BYTES = 64 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What must be known before a container is made; requests of one shape share a pool."""

    image: str
    memory_bytes: int
    processes: int
    scratch_bytes: int


def shape_of(request: BoxRequest, image: str) -> Shape:
    return Shape(
        image=image,
        memory_bytes=request.memory_bytes,
        processes=request.processes,
        scratch_bytes=request.scratch_bytes,
    )


def host_options(shape: Shape, *, runtime: str, processors: int) -> dict[str, Any]:
    """Arguments of the SDK's ``create_host_config`` beside the runtime."""
    is_sentry = runtime != "runc"
    memory = shape.memory_bytes + (_SENTRY_BYTES if is_sentry else 0)
    processes = max(shape.processes + _OWN_PROCESSES, _FEWEST_PROCESSES)
    if is_sentry:
        processes = _SENTRY_THREADS + _THREADS_PER_PROCESS * processes
    return {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": processes,
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": int(processors_of(processors) * 1e9),
        "init": True,
        "ipc_mode": "private",
        "shm_size": _SHM_BYTES,
        "tmpfs": {
            "/tmp": f"rw,exec,nosuid,nodev,size={shape.scratch_bytes},mode=1777",
            "/box": f"rw,exec,nosuid,nodev,size={_BOX_BYTES},uid={KEEPER_UID},mode=0755",
            "/keep": f"rw,noexec,nosuid,nodev,size={_MIB},uid={KEEPER_UID},mode=0755",
        },
        "log_config": {"Type": "none", "Config": {}},
    }


def processors_of(available: int) -> float:
    """How many CPUs one box may use at most."""
    return min(_MOST_PROCESSORS, float(available))
