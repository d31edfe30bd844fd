"""A job's name is its own, and a lease lives as long as the job that took it."""

from __future__ import annotations

import os
import threading

import pytest

from benchserver.evaluations.models import Attempt
from benchserver.worker import identity
from tests import arrange


@pytest.fixture
def beats(monkeypatch) -> list[None]:
    """Nobody works and no heartbeat runs yet; each that is started is written down."""
    started: list[None] = []
    monkeypatch.setattr(identity, "_working", set())
    monkeypatch.setattr(identity, "_beating_in", 0)
    monkeypatch.setattr(identity, "_beat", lambda: started.append(None))
    return started


def test_every_job_has_a_name_of_its_own(beats):
    with identity.at_work() as first, identity.at_work() as second:
        assert first != second
        assert f":{os.getpid()}:" in first
        assert len(first) <= 80  # what an attempt's owner may hold
        assert identity._working == {first, second}
    assert identity._working == set()


def test_a_process_has_one_heartbeat_and_a_forked_one_its_own(beats, monkeypatch):
    for _ in range(3):
        with identity.at_work():
            pass
    with identity.at_work() as inherited:
        monkeypatch.setattr(os, "getpid", lambda: 999_999)
        with identity.at_work() as own:
            assert ":999999:" in own
            assert identity._working == {own} != {inherited}
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon:
            thread.join(0.5)
    assert len(beats) == 2


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_extended_while_its_job_runs_and_not_after(beats, wired, settings):
    settings.LEASE_SECONDS = 300
    evaluation = arrange.started(arrange.board(private=1, public=1))
    with identity.at_work() as name:
        claim = arrange.claimed(evaluation, worker=name, lease=1)
        before = Attempt.objects.get(pk=claim.attempt_id).lease_until
        identity._beat_once()
        extended = Attempt.objects.get(pk=claim.attempt_id).lease_until
        assert extended > before
    identity._beat_once()
    assert Attempt.objects.get(pk=claim.attempt_id).lease_until == extended


def test_a_job_that_breaks_is_no_longer_beaten_for(beats):
    with pytest.raises(ZeroDivisionError), identity.at_work():
        raise ZeroDivisionError
    assert identity._working == set()


def test_a_heartbeat_that_fails_goes_on_beating(monkeypatch, settings, caplog):
    settings.LEASE_SECONDS = 0.3
    turns = []

    class Over(BaseException):
        pass

    def sleep(seconds: float) -> None:
        assert seconds == pytest.approx(0.1)  # a third of the lease
        turns.append(seconds)
        if len(turns) == 3:
            raise Over

    def fails() -> None:
        raise RuntimeError("anything at all")

    monkeypatch.setattr(identity.time, "sleep", sleep)
    monkeypatch.setattr(identity, "_beat_once", fails)
    with pytest.raises(Over):
        identity._beat()
    assert caplog.text.count("heartbeat missed (RuntimeError)") == 2
