"""Run the reference of stored tasks again: every run that agrees makes a flip less likely.

What intake proved with a few runs is proved further here, on today's machines; one flip sets the
task aside. Example: 3 runs at intake and 27 later ones, all passed: at most 9.5 % of runs flip.
A fault of our own is no run and no flip.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchserver.audit.record import record
from benchserver.core.errors import BadInput
from benchserver.evaluations.judge import Engines, reference_passes
from benchserver.evaluations.models import ReferenceRuns
from benchserver.pools.models import Pool, TaskVersion
from benchserver.pools.queries import newest_versions


def run_references(
    *, pool: Pool, runs: int, worker: str, engines: Engines
) -> Iterator[ReferenceRuns]:
    """``runs`` of every reference of a pool's tasks in use; needs the execute right.

    Yields a row per task as it is stored. Raises ``BadInput`` for less than one run.
    """
    if runs < 1:
        raise BadInput("at least one run", place="--run-references")
    for version in newest_versions(pool).filter(task__retired_at=None):
        made = _run(TaskVersion.objects.get(pk=version.pk), runs, worker, engines)
        if made is not None:
            yield made


def _run(version: TaskVersion, runs: int, worker: str, engines: Engines) -> ReferenceRuns | None:
    passes = reference_passes(version, runs=runs, worker=worker, engines=engines)
    if not passes:
        return None
    flips = passes.count(False)
    if flips:
        record(
            "reference.flipped", by=worker, target=str(version.pk), flips=flips, runs=len(passes)
        )
    return ReferenceRuns.objects.create(
        version=version, runs=len(passes), flips=flips, worker=worker
    )
