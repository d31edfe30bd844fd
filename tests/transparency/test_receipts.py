"""A receipt shows that one entry is in the log, and nothing else passes for one."""

from __future__ import annotations

import pytest

from benchserver.core.errors import BadInput
from benchserver.transparency.merkle import leaf_hashes
from benchserver.transparency.notes import parse_verifier_key
from benchserver.transparency.receipts import check_receipt, make_receipt
from tests.transparency.vectors import log_entries, vectors


def test_the_known_receipt_is_reproduced_and_checks() -> None:
    note = vectors()["log"]["checkpoints"][6]["signed_note"]
    receipt = make_receipt(leaf_hashes(log_entries()), 2, note)
    assert receipt == vectors()["tlog_proof_of_entry_2"]
    key = parse_verifier_key(vectors()["log"]["vkey"])
    assert check_receipt(receipt, log_entries()[2], key).size == 6


@pytest.mark.parametrize("index", range(6))
def test_a_receipt_holds_for_its_own_entry_only(index: int) -> None:
    entries, note = log_entries(), vectors()["log"]["checkpoints"][6]["signed_note"]
    key = parse_verifier_key(vectors()["log"]["vkey"])
    receipt = make_receipt(leaf_hashes(entries), index, note)
    for other, entry in enumerate(entries):
        if other == index:
            check_receipt(receipt, entry, key)
        else:
            with pytest.raises(BadInput, match="not where"):
                check_receipt(receipt, entry, key)


@pytest.mark.parametrize(
    ("old", "new"),
    [("@v1", "@v2"), ("index 2", "index 3"), ("index 2", "index -2"), ("index 2", "place 2"),
     ("\n6\n", "\n5\n"), ("YLIE", "YLIF"), ("\n\n", "\n")],
)  # fmt: skip
def test_a_changed_receipt_is_refused(old: str, new: str) -> None:
    receipt = vectors()["tlog_proof_of_entry_2"].replace(old, new, 1)
    with pytest.raises(BadInput):
        check_receipt(receipt, log_entries()[2], parse_verifier_key(vectors()["log"]["vkey"]))
