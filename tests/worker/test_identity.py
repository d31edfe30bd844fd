"""A worker's name is its process's, new in every one, and its heartbeat keeps leases alive."""

from __future__ import annotations

import os
import time

import pytest

from benchserver.evaluations.models import Attempt
from benchserver.worker import identity
from tests import arrange


@pytest.fixture
def nobody(monkeypatch):
    monkeypatch.setattr(identity, "_names", {})


def test_a_process_keeps_its_name(nobody, monkeypatch):
    monkeypatch.setattr(identity, "_beat", lambda name: None)
    first = identity.worker_name()
    assert identity.worker_name() == first
    assert f":{os.getpid()}:" in first
    assert len(first) <= 80  # what an attempt's owner may hold


def test_a_forked_process_has_a_name_of_its_own(nobody, monkeypatch):
    monkeypatch.setattr(identity, "_beat", lambda name: None)
    parent = identity.worker_name()
    monkeypatch.setattr(os, "getpid", lambda: 999_999)
    child = identity.worker_name()
    assert child != parent
    assert ":999999:" in child


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_of_a_live_process_extends_its_leases(nobody, wired, settings, monkeypatch):
    settings.LEASE_SECONDS = 0.3
    evaluation = arrange.started(arrange.board(private=1, public=1))
    stop = time.monotonic() + 10

    class Over(Exception):
        pass

    def sleep(seconds: float) -> None:
        assert seconds == pytest.approx(0.1)  # a third of the lease
        if sleep.beats:
            raise Over
        sleep.beats += 1

    sleep.beats = 0
    claim = arrange.claimed(evaluation, worker="me", lease=0)
    before = Attempt.objects.get(pk=claim.attempt_id).lease_until
    settings.LEASE_SECONDS = 0.3
    monkeypatch.setattr(identity.time, "sleep", sleep)
    with pytest.raises(Over):
        identity._beat("me")
    assert Attempt.objects.get(pk=claim.attempt_id).lease_until > before
    assert time.monotonic() < stop
