"""The Celery application that ``celery -A benchserver.worker.app`` loads.

It only gathers: the queue's settings stand in ``dispatch.py``, the jobs in ``jobs.py``, the times
in ``schedule.py``.
"""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchserver.config.settings")
django.setup()

from benchserver.dispatch import queue as app  # noqa: E402
from benchserver.worker import hearing, jobs, keeping, schedule, warming  # noqa: E402

app.conf.beat_schedule = schedule.SCHEDULE

__all__ = ["app", "hearing", "jobs", "keeping", "warming"]
