"""The log grows without gaps, one writer at a time, and what is signed is what is stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from benchserver import wiring
from benchserver.core.errors import PlatformFault
from benchserver.ledger.append import append
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.ledger.sign import inclusion, sign_log
from benchserver.transparency import merkle, notes

pytestmark = pytest.mark.django_db


def fill(count: int) -> None:
    with transaction.atomic():
        for number in range(count):
            append("x", b"entry %d" % number)


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_leave_no_gap_and_no_double(wired):
    def write(number: int) -> int:
        try:
            with transaction.atomic():
                return append("x", b"%d" % number)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(write, range(24)))
    assert sorted(given) == list(range(24))
    bodies = dict(Entry.objects.values_list("index", "body"))
    assert all(bytes(bodies[index]) == b"%d" % n for n, index in enumerate(given))


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused(wired):
    with pytest.raises(RuntimeError):
        append("x", b"y")


def test_a_rolled_back_entry_leaves_its_index_to_the_next():
    with transaction.atomic():
        append("x", b"never")
        transaction.set_rollback(True)
    fill(1)
    assert Entry.objects.get().index == 0


@pytest.mark.parametrize("model", [Entry, Checkpoint])
def test_what_is_logged_is_never_changed_whoever_writes(wired, model):
    fill(2)
    sign_log(signer=wiring.signer())
    for change in (lambda q: q.update(at="2000-01-01T00:00:00Z"), lambda q: q.delete()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change(model.objects.all())


def test_an_empty_log_is_not_signed(wired):
    assert sign_log(signer=wiring.signer()) is None


def test_a_signature_is_over_the_tree_of_the_stored_bytes(wired):
    fill(5)
    signed = sign_log(signer=wiring.signer())
    key = notes.parse_verifier_key(signed.verifier_key)
    checkpoint = notes.open_checkpoint(signed.note, key)
    bodies = [bytes(b) for b in Entry.objects.order_by("index").values_list("body", flat=True)]
    assert (checkpoint.size, checkpoint.root) == (5, merkle.tree_root(merkle.leaf_hashes(bodies)))
    for index in range(5):
        assert merkle.verify_inclusion(
            leaf=merkle.leaf_hash(bodies[index]),
            index=index,
            size=5,
            proof=[bytes.fromhex(node) for node in inclusion(index, 5)],
            root=checkpoint.root,
        )


def test_signing_again_signs_only_what_is_new(wired):
    fill(2)
    first = sign_log(signer=wiring.signer())
    assert sign_log(signer=wiring.signer()) == first
    fill(1)
    assert sign_log(signer=wiring.signer()).size == 3
    assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [2, 3]


def test_a_database_that_was_set_back_is_not_signed_over(wired):
    """A restored backup must not fork the log: the signer remembers what it signed."""
    fill(3)
    sign_log(signer=wiring.signer())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM ledger_checkpoint")
        cursor.execute("DELETE FROM ledger_entry WHERE index = 2")
        cursor.execute("SET LOCAL session_replication_role = origin")
    with pytest.raises(PlatformFault) as fault:
        sign_log(signer=wiring.signer())
    assert fault.value.code in ("log_shrinks", "log_inconsistent")


@pytest.mark.django_db(transaction=True)
def test_entries_of_an_open_transaction_are_never_signed(wired):
    with transaction.atomic():
        append("x", b"maybe")
        with pytest.raises(RuntimeError, match="durable"):
            sign_log(signer=wiring.signer())
