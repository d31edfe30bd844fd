"""A judging worker keeps its connection from job to job, and a broken one harms one job at most."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from benchserver.worker.keeping import look_after

ROOT = Path(__file__).parents[2]
_SAY = (
    "from benchserver.worker.app import app; from django.conf import settings;"
    "from celery.fixups.django import DjangoWorkerFixup as F; d = settings.DATABASES['default'];"
    "print(F(app).db_reuse_max, 'pool' in d['OPTIONS'], d['CONN_MAX_AGE'])"
)


def said(tmp_path: Path, **environ: str) -> list[str]:
    """What a worker process with this environment makes of its connection."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "DJANGO"))}
    done = subprocess.run(
        [sys.executable, "-c", _SAY],
        cwd=ROOT,
        env={**plain, "BENCHSERVER_HOME": str(tmp_path), **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_only_a_process_told_to_keep_its_connection_does(tmp_path: Path) -> None:
    assert said(tmp_path) == ["None", "True", "0"]
    assert said(tmp_path, DATABASE_KEEP="1") == [str(2**31), "False", "600"]


@pytest.fixture
def kept(settings, monkeypatch):
    """This process's connection as ``DATABASE_KEEP`` makes it."""
    connection.close()
    monkeypatch.setattr(settings, "DATABASE_KEEP", True)
    facts = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    plain = {k: v for k, v in connection.settings_dict["OPTIONS"].items() if k != "pool"}
    for name, value in {**facts, "OPTIONS": plain}.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    yield
    connection.close()


def server_process() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
    return pid


@pytest.mark.django_db(transaction=True)
def test_between_jobs_a_healthy_connection_stays_and_a_dead_one_is_replaced(kept) -> None:
    first = server_process()
    look_after()
    assert server_process() == first
    connection.connection.close()  # as when the database was restarted
    look_after()
    assert server_process() != first
