"""A receipt: one file that shows an entry is in the log, with nobody's help (C2SP tlog-proof).

Example: at the end of a run its provider gets the receipt of the run's ``run-commit`` entry. It
holds the index, the inclusion proof and the signed checkpoint; the reader brings the entry and
the log's key.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from benchserver.core.errors import BadInput
from benchserver.transparency.merkle import inclusion_proof, leaf_hash, verify_inclusion
from benchserver.transparency.notes import (
    Checkpoint,
    VerifierKey,
    decode_base64,
    open_checkpoint,
)

_HEADER = "c2sp.org/tlog-proof@v1"


def make_receipt(leaves: Sequence[bytes], index: int, checkpoint_note: str) -> str:
    """The receipt of entry ``index``; ``leaves``: the leaf hashes the checkpoint covers."""
    hashes = [base64.b64encode(h).decode() for h in inclusion_proof(leaves, index)]
    return "\n".join([_HEADER, f"index {index}", *hashes, "", checkpoint_note])


def check_receipt(receipt: str, entry: bytes, key: VerifierKey) -> Checkpoint:
    """The checkpoint that covers the entry. Raises ``BadInput`` when the receipt shows nothing.

    Size and root come from the signed checkpoint alone.
    """
    head, separator, note = receipt.partition("\n\n")
    lines = head.split("\n")
    if not separator or len(lines) < 2 or lines[0] != _HEADER:
        raise BadInput("this is no tlog-proof", place="receipt")
    word, _, number = lines[1].partition(" ")
    if word != "index" or not (number.isascii() and number.isdigit()) or len(number) > 16:
        raise BadInput("its index line is malformed", place="receipt")
    checkpoint = open_checkpoint(note, key)
    included = verify_inclusion(
        leaf=leaf_hash(entry),
        index=int(number),
        size=checkpoint.size,
        proof=[decode_base64(line, place="receipt") for line in lines[2:]],
        root=checkpoint.root,
    )
    if not included:
        raise BadInput(
            "the entry is not where the receipt says", place="receipt", code="not_in_log"
        )
    return checkpoint
