"""What may leave a pool as plaintext: tasks of the public split, and nothing else yet.

Example: ``public_tasks(rotation=r, opener=o, by=...)`` opens the control tasks of a rotation so
that ``publish`` can copy them to the site; a private version is refused here, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchserver.core.task import Split, TaskSpec
from benchserver.engines.vault.base import Opener
from benchserver.pools import unseal
from benchserver.pools.models import Pool, Rotation, TaskVersion
from benchserver.pools.queries import newest_versions


def public_tasks(
    *, rotation: Rotation, opener: Opener, by: str
) -> Iterator[tuple[TaskVersion, TaskSpec]]:
    """The public control tasks of a rotation's forms."""
    versions = TaskVersion.objects.filter(
        pk__in=rotation.plan["versions"], task__split=Split.PUBLIC
    ).select_related("task")
    for version in versions:
        yield version, unseal.task(version=version, opener=opener, by=by)


def public_tasks_of_pool(*, pool: Pool, opener: Opener, by: str) -> Iterator[TaskSpec]:
    """All public tasks of a pool, for export in their own format."""
    for version in newest_versions(pool).filter(task__split=Split.PUBLIC):
        full = TaskVersion.objects.get(pk=version.pk)
        yield unseal.task(version=full, opener=opener, by=by)
