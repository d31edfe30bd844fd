"""The trail is only appended to, and a shredded key is gone."""

import pytest
from django.db import IntegrityError, transaction

from benchserver.audit.keys import fetch, keep, shred
from benchserver.audit.models import Event
from benchserver.audit.record import record
from benchserver.engines.vault.base import CannotOpen, Right, WrappedKey

pytestmark = pytest.mark.django_db
KEY = WrappedKey(id="ab" * 16, right=Right.EXECUTE, key_id="k1", wrapped=b"\x00\xff")


def test_an_event_says_who_did_what_to_what():
    record("task.opened", by="judge w1", target="v1", provider="acme", count=3)
    event = Event.objects.get()
    assert (event.actor, event.verb, event.target, event.provider, event.facts) == (
        "judge w1",
        "task.opened",
        "v1",
        "acme",
        {"count": 3},
    )
    assert event.at is not None


@pytest.mark.parametrize("change", [lambda q: q.update(actor="nobody"), lambda q: q.delete()])
def test_an_event_is_never_changed_whoever_writes(change):
    record("x", by="me", target="y")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change(Event.objects.all())


def test_an_event_of_a_transaction_that_failed_never_happened():
    with transaction.atomic():
        record("x", by="me", target="y")
        transaction.set_rollback(True)
    assert not Event.objects.exists()


def test_a_wrapped_key_comes_back_as_it_was_until_it_is_shredded():
    assert fetch(keep(KEY)) == KEY
    shred(KEY.id)
    shred(KEY.id)
    with pytest.raises(CannotOpen) as gone:
        fetch(KEY.id)
    assert gone.value.code == "shredded"
