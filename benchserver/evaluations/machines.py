"""Which machine a job runs on, by the name that ``worker/identity.py`` gives it.

Example: ``machine_of("host:1234:9f3ab2")`` is ``"host"``.
"""

from __future__ import annotations


def machine_of(worker: str) -> str:
    """The machine in a job's name."""
    return worker.partition(":")[0]
