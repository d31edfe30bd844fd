"""The tree gives the reference roots and proofs, and refuses everything near them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.transparency.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.transparency.vectors import log_entries, vectors

unhex = bytes.fromhex


def test_the_reference_tree_of_certificate_transparency() -> None:
    foreign = vectors()["foreign_known_answers"]
    leaves = leaf_hashes(map(unhex, foreign["rfc6962_reference_leaves_hex"]))
    for size, root in enumerate(foreign["rfc6962_reference_roots_hex"], 1):
        assert tree_root(leaves[:size]).hex() == root
    assert tree_root([]).hex() == foreign["empty_root_hex"] == EMPTY_ROOT.hex()


def test_pool_and_outcome_roots_and_every_prefix() -> None:
    pool, outcomes = vectors()["pool"], vectors()["outcomes"]
    leaves = leaf_hashes(task["leaf_entry"].encode() for task in pool["tasks"])
    assert [leaf.hex() for leaf in leaves] == [t["leaf_hash_hex"] for t in pool["tasks"]]
    assert [tree_root(leaves[:n]).hex() for n in range(8)] == pool["prefix_roots_hex"]
    for task in pool["tasks"]:
        proof = inclusion_proof(leaves, task["index"])
        assert [node.hex() for node in proof] == task["inclusion_proof_hex"]
    others = leaf_hashes(leaf["leaf_entry"].encode() for leaf in outcomes["leaves"])
    assert [leaf.hex() for leaf in others] == [x["leaf_hash_hex"] for x in outcomes["leaves"]]
    assert tree_root(others).hex() == outcomes["root_hex"]


def test_the_log_its_checkpoints_and_all_its_proofs() -> None:
    log, leaves = vectors()["log"], leaf_hashes(log_entries())
    assert [leaf.hex() for leaf in leaves] == log["leaf_hashes_hex"]
    roots = [unhex(point["root_hex"]) for point in log["checkpoints"]]
    assert [tree_root(leaves[: p["size"]]) for p in log["checkpoints"]] == roots
    for case in log["inclusion_at_full_size"]:
        proof = inclusion_proof(leaves, case["index"])
        assert [node.hex() for node in proof] == case["proof_hex"]
        assert verify_inclusion(
            leaf=leaves[case["index"]], index=case["index"], size=6, proof=proof, root=roots[6]
        )
    assert len(log["consistency"]) == 15
    for case in log["consistency"]:
        old, new = case["from"], case["to"]
        proof = consistency_proof(leaves[:new], old)
        assert [node.hex() for node in proof] == case["proof_hex"]
        assert verify_consistency(
            old_size=old, new_size=new, old_root=roots[old], new_root=roots[new], proof=proof
        )


def pool_case() -> tuple[list[bytes], list[bytes], bytes]:
    """(leaf hashes, proof of leaf 3, root) of the seven-task pool."""
    pool = vectors()["pool"]
    leaves = [unhex(task["leaf_hash_hex"]) for task in pool["tasks"]]
    proof = [unhex(node) for node in pool["tasks"][3]["inclusion_proof_hex"]]
    return leaves, proof, unhex(pool["root_hex"])


def test_the_eight_false_inclusions_are_refused() -> None:
    leaves, proof, root = pool_case()
    entry = vectors()["pool"]["tasks"][3]["leaf_entry"].encode()

    def accepts(
        leaf: bytes = leaves[3], index: int = 3, size: int = 7, path: list[bytes] = proof
    ) -> bool:
        return verify_inclusion(leaf=leaf, index=index, size=size, proof=path, root=root)

    assert accepts()
    refused = {
        "inclusion: index 4 claimed for leaf 3": accepts(index=4),
        "inclusion: proof cut by one": accepts(path=proof[:-1]),
        "inclusion: proof longer by one": accepts(path=[*proof, proof[0]]),
        "inclusion: index equal to size": accepts(index=7),
        "inclusion: tree size 3 claimed": accepts(size=3),
        "inclusion: tree size 9 claimed": accepts(size=9),
        "inclusion: inner node presented as a leaf entry": accepts(
            leaf=leaf_hash(leaves[2] + leaves[3]), index=1, size=4, path=proof[1:]
        ),
        "inclusion: hash without the 0x00 prefix": accepts(leaf=hashlib.sha256(entry).digest()),
    }
    assert not any(refused.values()), refused
    named = {case["name"] for case in vectors()["negative"]}
    assert set(refused) <= named


def test_a_path_does_not_bind_the_size_which_is_why_checkpoints_do() -> None:
    leaves, proof, root = pool_case()
    assert verify_inclusion(leaf=leaves[3], index=3, size=8, proof=proof, root=root)
    assert vectors()["caution"]["accepted_by_path_arithmetic"]


def test_the_three_false_histories_are_refused() -> None:
    log, leaves = vectors()["log"], leaf_hashes(log_entries())
    roots = [unhex(point["root_hex"]) for point in log["checkpoints"]]
    edited = next(c for c in vectors()["negative"] if "edited" in c["name"])["entry"].encode()
    assert not verify_inclusion(
        leaf=leaf_hash(edited), index=2, size=6, proof=inclusion_proof(leaves, 2), root=roots[6]
    )
    rewritten = [*leaves[:2], leaf_hash(edited), *leaves[3:]]
    for old in range(3, 6):
        assert not verify_consistency(
            old_size=old,
            new_size=6,
            old_root=roots[old],
            new_root=tree_root(rewritten),
            proof=consistency_proof(rewritten, old),
        )
    assert not verify_consistency(
        old_size=6,
        new_size=4,
        old_root=roots[6],
        new_root=roots[4],
        proof=consistency_proof(leaves, 4),
    )


logs = st.integers(1, 40).map(lambda n: [leaf_hash(bytes([i])) for i in range(n)])


@given(logs, st.data())
def test_every_leaf_is_provably_included_and_only_at_its_place(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.integers(0, len(leaves) - 1))
    size, root, proof = len(leaves), tree_root(leaves), inclusion_proof(leaves, index)
    assert verify_inclusion(leaf=leaves[index], index=index, size=size, proof=proof, root=root)
    if other != index:
        assert not verify_inclusion(
            leaf=leaves[other], index=index, size=size, proof=proof, root=root
        )
        assert not verify_inclusion(
            leaf=leaves[index], index=other, size=size, proof=proof, root=root
        )


def spoiled(proof: list[bytes]) -> Iterator[list[bytes]]:
    for position, node in enumerate(proof):
        changed = bytes([node[0] ^ 1]) + node[1:]
        yield [*proof[:position], changed, *proof[position + 1 :]]
        yield [*proof[:position], *proof[position + 1 :]]
    yield [*proof, bytes(32)]


@given(logs, st.data())
def test_growth_is_provable_and_a_changed_proof_or_root_is_refused(
    leaves: list[bytes], data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, len(leaves)))
    size, root, old_root = len(leaves), tree_root(leaves), tree_root(leaves[:old])
    proof = consistency_proof(leaves, old)

    def accepts(path: list[bytes], before: bytes = old_root, after: bytes = root) -> bool:
        return verify_consistency(
            old_size=old, new_size=size, old_root=before, new_root=after, proof=path
        )

    assert accepts(proof)
    assert not any(accepts(path) for path in spoiled(proof))
    assert not accepts(proof, before=bytes(32))
    assert not accepts(proof, after=bytes(32))


def test_the_empty_log_is_a_prefix_of_every_log_and_has_one_root() -> None:
    leaves = [leaf_hash(b"x")]
    for root, accepted in ((EMPTY_ROOT, True), (bytes(32), False)):
        assert accepted is verify_consistency(
            old_size=0, new_size=1, old_root=root, new_root=tree_root(leaves), proof=[]
        )


def test_proofs_outside_the_tree_are_refused() -> None:
    for call in (
        lambda: inclusion_proof([bytes(32)], 1),
        lambda: inclusion_proof([], 0),
        lambda: consistency_proof([bytes(32)], 2),
    ):
        with pytest.raises(BadInput):
            call()
