"""A new key pair takes over while workers read and seal; nothing is lost, nothing is left over."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from benchserver import wiring
from benchserver.audit import rekey
from benchserver.audit.keys import fetch, keep
from benchserver.audit.models import DataKey, Event
from benchserver.core.errors import NotAllowed
from benchserver.engines.vault.base import CannotOpen, Context, Right
from benchserver.engines.vault.keyring import ensure_keys
from tests.factories import Files
from tests.wired import clear_wiring

pytestmark = pytest.mark.django_db(transaction=True)
RIGHT = Right.EXECUTE
HERE = Context(table="t", row="1", field="f")


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Path, wired: None) -> Path:
    """Keys of this test alone: it changes them."""
    ensure_keys(tmp_path / "own")
    for name, path in Files(tmp_path / "own").settings().items():
        setattr(settings, name, path)
    clear_wiring()
    return tmp_path / "own"


def sealed(text: bytes = b"x", right: Right = RIGHT) -> tuple[str, bytes]:
    key, fields = wiring.sealer().seal(right, {HERE: text})
    return keep(key), fields[HERE]


def opened(key: str, field: bytes) -> bytes:
    return wiring.opener().open(fetch(key), HERE, field)


def move() -> rekey.Rewrapped:
    active = wiring.sealer().key_id(RIGHT)
    return rekey.rewrap_all(right=RIGHT, active=active, rewrap=wiring.rewrap, by="test")


def test_old_and_new_open_at_every_moment_and_at_the_end_no_row_is_old() -> None:
    before = [sealed(b"old %d" % n) for n in range(30)]
    other = sealed(b"other right", Right.GENERATE)
    first = wiring.sealer().key_id(RIGHT)
    new = wiring.new_key_pair(RIGHT)
    after = sealed(b"new")
    assert rekey.by_key(RIGHT) == dict(sorted({first: 30, new: 1}.items()))
    assert [opened(*pair) for pair in before] == [b"old %d" % n for n in range(30)]
    done = move()
    assert (done.rewrapped, done.refused.total()) == (30, 0)
    assert rekey.by_key(RIGHT) == {new: 31}
    rekey.check_retirable(right=RIGHT, active=new)
    assert wiring.retire_key_pairs(RIGHT) == (first,)
    assert [opened(*pair) for pair in before] == [b"old %d" % n for n in range(30)]
    assert (opened(*after), opened(*other)) == (b"new", b"other right")
    event = Event.objects.get(verb="keys.rewrapped")
    assert event.facts == {"active": new, "rewrapped": 30, "refused": 0}


def test_a_pair_that_is_needed_is_not_retired() -> None:
    sealed()
    active = wiring.new_key_pair(RIGHT)
    with pytest.raises(NotAllowed) as refused:
        rekey.check_retirable(right=RIGHT, active=active)
    assert refused.value.code == "still_needed"


def test_a_row_that_cannot_be_opened_is_named_and_the_others_move() -> None:
    good, bad = sealed(b"good"), sealed(b"bad")
    DataKey.objects.filter(pk=bad[0]).update(wrapped=b"nonsense")
    wiring.new_key_pair(RIGHT)
    done = move()
    assert (done.rewrapped, dict(done.refused)) == (1, {"wrapped_key_altered": 1})
    assert opened(*good) == b"good"
    assert DataKey.objects.get(pk=bad[0]).wrapped == b"nonsense"


def test_a_move_that_was_cut_off_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekey, "BATCH", 4)
    pairs = [sealed(b"%d" % n) for n in range(10)]
    active, calls = wiring.new_key_pair(RIGHT), []

    def dies(key: Any) -> Any:
        calls.append(key)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return wiring.rewrap(key)

    with pytest.raises(KeyboardInterrupt):
        rekey.rewrap_all(right=RIGHT, active=active, rewrap=dies, by="test")
    assert rekey.by_key(RIGHT)[active] == 4
    assert move().rewrapped == 6
    assert [opened(*pair) for pair in pairs] == [b"%d" % n for n in range(10)]


def test_a_shredded_row_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = sealed()
    active = wiring.new_key_pair(RIGHT)

    def shredded_meanwhile(old: Any) -> Any:
        DataKey.objects.filter(pk=key).delete()
        return wiring.rewrap(old)

    rekey.rewrap_all(right=RIGHT, active=active, rewrap=shredded_meanwhile, by="test")
    assert not DataKey.objects.exists()


def test_retiring_waits_for_those_who_may_have_sealed_to_the_old_pair() -> None:
    wiring.sealer().key_id(RIGHT)
    sealed_old, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                DataKey.objects.exists()
                key, _ = wiring.sealer().seal(RIGHT, {HERE: b"late"})
                sealed_old.set()
                may_commit.wait(20)
                keep(key)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert sealed_old.wait(20)
    wiring.new_key_pair(RIGHT)
    with pytest.raises(NotAllowed) as refused:
        rekey.await_older_transactions(0.2)
    assert refused.value.code == "busy"
    may_commit.set()
    rekey.await_older_transactions(20)
    thread.join()
    assert move().rewrapped == 1


def test_without_the_private_half_nothing_moves(settings: Any) -> None:
    sealed()
    active = wiring.new_key_pair(RIGHT)
    settings.OPEN_EXECUTE_KEY_FILE = None
    clear_wiring()
    done = rekey.rewrap_all(right=RIGHT, active=active, rewrap=wiring.rewrap, by="test")
    assert dict(done.refused) == {"no_private_half": 1}
    with pytest.raises(Exception, match="both halves"):
        wiring.new_key_pair(RIGHT)


def test_a_retired_pair_opens_nothing_that_was_left_behind() -> None:
    key, field = sealed()
    wiring.new_key_pair(RIGHT)
    wiring.retire_key_pairs(RIGHT)
    with pytest.raises(CannotOpen, match="unknown_key"):
        opened(key, field)


@pytest.mark.soak
def test_a_hundred_thousand_data_keys_move_within_a_minute(capsys: pytest.CaptureFixture[str]):
    kept = sealed(b"one of them")
    for _ in range(10):
        wrapped = [wiring.sealer().seal(RIGHT, {HERE: b""})[0] for _ in range(10_000)]
        DataKey.objects.bulk_create(
            DataKey(id=key.id, right=RIGHT.value, key_id=key.key_id, wrapped=key.wrapped)
            for key in wrapped
        )
    active = wiring.new_key_pair(RIGHT)
    done = move()
    with capsys.disabled():
        print(f"\n{done.rewrapped} data keys in {done.seconds:.1f} s")
    assert rekey.by_key(RIGHT) == {active: 100_001}
    assert done.seconds < 60
    assert opened(*kept) == b"one of them"
