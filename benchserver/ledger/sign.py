"""Sign what the log holds now: a checkpoint over the tree, recomputed from the stored entries.

Example: after ``rotation open`` the tree has 13 leaves; ``sign_log(signer=...)`` stores the signed
note of size 13. The signer itself refuses a tree that is not an extension of its last one.
"""

from __future__ import annotations

from django.db import connection, transaction

from benchserver.core.errors import PlatformFault
from benchserver.engines.signing.base import LogSigner
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.transparency import merkle

_LOCK = 0x516E


@transaction.atomic(durable=True)
def sign_log(*, signer: LogSigner) -> Checkpoint | None:
    """The checkpoint of the current size, signed if new; None while the log is empty.

    Durable: only committed entries may be signed, or a rolled back one would fork the log.
    Raises ``PlatformFault`` when a stored entry does not match its own hash, or when the tree is
    no extension of what was signed last (a database that was set back).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    leaves = leaf_hashes()
    known = Checkpoint.objects.filter(size=len(leaves)).first()
    if not leaves or known is not None:
        return known
    last = signer.last_size()  # more than there are leaves: the signer refuses, log_shrinks
    proof = merkle.consistency_proof(leaves, last) if 0 < last <= len(leaves) else []
    root = merkle.tree_root(leaves)
    note = signer.sign_checkpoint(size=len(leaves), root=root, proof=proof)
    return Checkpoint.objects.create(
        size=len(leaves), root=root.hex(), note=note, verifier_key=signer.verifier_key
    )


def leaf_hashes() -> list[bytes]:
    """All leaf hashes, each recomputed from the stored bytes."""
    leaves = []
    for index, (stored, body) in enumerate(Entry.objects.values_list("leaf_hash", "body")):
        if merkle.leaf_hash(bytes(body)).hex() != stored:
            raise PlatformFault("log_altered", f"entry {index} does not match its hash")
        leaves.append(bytes.fromhex(stored))
    return leaves


def inclusion(index: int, size: int) -> list[str]:
    """Audit path (RFC 6962 section 2.1.1) of one entry in the tree of ``size``, as hex."""
    return [node.hex() for node in merkle.inclusion_proof(leaf_hashes()[:size], index)]
