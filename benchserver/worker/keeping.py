"""One database connection kept from job to job, in workers that do one job at a time.

Between two jobs it is looked at as between two web requests: closed when it is old or when the last
job saw it fail, and asked for a sign of life before its next use. Example: the database restarts;
the next job finds its connection dead before it does anything, and opens another.
"""

from __future__ import annotations

from typing import Any

from celery.signals import task_postrun, task_prerun
from django.conf import settings
from django.db import close_old_connections


def look_after(**_: Any) -> None:
    if settings.DATABASE_KEEP:
        close_old_connections()


task_prerun.connect(look_after)
task_postrun.connect(look_after)
