"""The append-only tree of RFC 6962: one 32-byte root stands for every entry and their order.

Example: with the root of 100,000 entries in hand, 17 hashes show that an entry is among them
(inclusion), and about as many that yesterday's tree is a prefix of today's (consistency).
Mind: an inclusion proof does not bind the size of the tree; leaf 3 of 7 also verifies with size
8. Take size and root from a signed checkpoint, never from whoever hands over the proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from benchserver.core.errors import BadInput

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right); the other prefix keeps nodes and leaves apart."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    return [leaf_hash(entry) for entry in entries]


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf *hashes* in order; of none it is SHA-256 of nothing."""
    stack: list[tuple[int, bytes]] = []  # (leaves below, hash): perfect trees, larger ones first
    for leaf in leaves:
        stack.append((1, leaf))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (size, right), (_, left) = stack.pop(), stack.pop()
            stack.append((2 * size, node_hash(left, right)))
    if not stack:
        return EMPTY_ROOT
    root = stack.pop()[1]
    while stack:
        root = node_hash(stack.pop()[1], root)
    return root


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1, nearest sibling first.

    Raises ``BadInput`` when the index is outside the tree.
    """
    if not 0 <= index < len(leaves):
        raise BadInput(f"there is no leaf {index} among {len(leaves)}", place="index")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(leaves[:k], index), tree_root(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), tree_root(leaves[:k])]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """PROOF(m, D[n]) of RFC 6962 section 2.1.2: the first ``old_size`` leaves are a prefix.

    Empty for size 0 and for the whole tree. Raises ``BadInput`` when the old tree is larger.
    """
    if not 0 <= old_size <= len(leaves):
        raise BadInput(f"{old_size} is no earlier size of {len(leaves)}", place="old_size")
    return _subproof(leaves, old_size, known=True) if old_size else []


def verify_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the leaf hash stands at ``index`` of the tree (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node % 2 or node == last:
            current = node_hash(sibling, current)
            while node and not node % 2:
                node, last = node // 2, last // 2
        else:
            current = node_hash(current, sibling)
        node, last = node // 2, last // 2
    return last == 0 and current == root


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the old tree is a prefix of the new one (RFC 9162 section 2.1.4.2).

    A size of 0 is a prefix of everything: its root must be the empty one, the proof empty.
    """
    if not 0 <= old_size <= new_size:
        return False
    if old_size in (0, new_size):
        return not proof and old_root == (new_root if old_size == new_size else EMPTY_ROOT)
    power_of_two = old_size & (old_size - 1) == 0
    path = [old_root, *proof] if power_of_two else list(proof)
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node % 2:
        node, last = node // 2, last // 2
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node and not node % 2:
                node, last = node // 2, last // 2
        else:
            new = node_hash(new, sibling)
        node, last = node // 2, last // 2
    return last == 0 and old == old_root and new == new_root


def _split(n: int) -> int:
    """The largest power of two below n."""
    return 1 << ((n - 1).bit_length() - 1)


def _subproof(leaves: Sequence[bytes], old_size: int, *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b); ``known``: the verifier already holds this subtree's root."""
    if old_size == len(leaves):
        return [] if known else [tree_root(leaves)]
    k = _split(len(leaves))
    if old_size <= k:
        return [*_subproof(leaves[:k], old_size, known=known), tree_root(leaves[k:])]
    return [*_subproof(leaves[k:], old_size - k, known=False), tree_root(leaves[:k])]
