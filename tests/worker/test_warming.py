"""A judging process is warm before its first reply, and says what is broken only to who waits."""

from __future__ import annotations

import pytest
from celery.signals import worker_process_init

from benchserver import wiring
from benchserver.core.errors import MissingPart
from benchserver.worker import warming


@pytest.fixture
def judged(monkeypatch):
    """What was judged in the real sandbox meanwhile."""
    verdicts = []
    judging = wiring.judging()

    def noting(task, code):
        verdicts.append(judging(task, code))
        return verdicts[-1]

    monkeypatch.setattr(wiring, "judging", lambda: noting)
    return verdicts


def test_a_new_process_judges_something_of_ours_and_it_passes(judged):
    worker_process_init.send(sender=None)
    assert [each.passed for each in judged] == [True]


def test_a_sandbox_that_does_not_open_keeps_no_process_from_starting(monkeypatch):
    def broken():
        raise MissingPart("no bwrap here", mend="Install it")

    monkeypatch.setattr(wiring, "judging", broken)
    warming.warm()
