"""A reveal shows the promised content or is refused; before it, the promise tells nothing."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.core.payload import to_payload
from benchserver.core.task import CallCase, CallCases, Shape, TaskSpec
from benchserver.transparency.canonical import canonical
from benchserver.transparency.commitments import (
    new_salt,
    outcome_commitment,
    outcome_leaf,
    reveals_outcome,
    reveals_task,
    root_of,
    task_commitment,
    task_leaf,
)
from tests.transparency.vectors import vectors

unhex = bytes.fromhex


def test_every_task_of_the_known_pool_is_reproduced_and_revealed() -> None:
    pool = vectors()["pool"]
    leaves = []
    for task in pool["tasks"]:
        digest = hashlib.sha256(canonical(task["payload"])).hexdigest()
        assert digest == task["payload_jcs_sha256"]
        commitment = task_commitment(unhex(task["salt_hex"]), task["payload"])
        assert commitment.hex() == task["commitment_hex"]
        leaves.append(task_leaf(commitment, index=task["index"], rotation=pool["rotation"]))
        assert leaves[-1].decode() == task["leaf_entry"]
        assert reveals_task(leaves[-1], unhex(task["salt_hex"]), task["payload"])
    assert root_of(leaves).hex() == pool["root_hex"]


def test_every_outcome_of_the_known_run_is_reproduced() -> None:
    run = vectors()["outcomes"]
    leaves = []
    for item in run["leaves"]:
        commitment = outcome_commitment(unhex(item["salt_hex"]), item["outcome"])
        leaves.append(outcome_leaf(commitment, index=item["outcome"]["i"], run=run["run"]))
        assert leaves[-1].decode() == item["leaf_entry"]
        assert reveals_outcome(leaves[-1], unhex(item["salt_hex"]), item["outcome"])
    assert root_of(leaves).hex() == run["root_hex"]


def test_the_three_false_reveals_are_refused() -> None:
    first, second = vectors()["pool"]["tasks"][:2]
    leaf, salt = first["leaf_entry"].encode(), unhex(first["salt_hex"])
    spaced = {**first["payload"], "prompt": first["payload"]["prompt"] + " "}
    assert not reveals_task(leaf, salt, spaced)
    assert not reveals_task(leaf, unhex(second["salt_hex"]), first["payload"])
    assert not reveals_outcome(leaf, salt, first["payload"])
    disguised = canonical({"c": first["commitment_hex"], "i": 0, "t": "outcome-commit", "v": 1})
    assert not reveals_outcome(disguised, salt, first["payload"])
    assert not reveals_task(disguised, salt, first["payload"])  # its leaf promised no task


def test_without_a_salt_an_outcome_is_guessed_and_with_it_it_is_not() -> None:
    guesses = [
        {"i": i, "run": f"run-{n:04}", "passed": p}
        for i in range(5)
        for n in range(100)
        for p in (True, False)
    ]
    hidden = guesses[371]
    bare = hashlib.sha256(canonical(hidden)).digest()
    found = [g for g in guesses if hashlib.sha256(canonical(g)).digest() == bare]
    assert (len(guesses), found) == (1000, [hidden])
    salted = outcome_commitment(new_salt(), hidden)
    assert not [g for g in guesses if hashlib.sha256(canonical(g)).digest() == salted]
    assert vectors()["salt_demo"]["salted_recovered_count"] == 0


@given(
    st.binary(min_size=32, max_size=32), st.dictionaries(st.sampled_from("abc"), st.integers(0, 9))
)
def test_a_reveal_checks_for_its_own_salt_and_content_only(
    salt: bytes, content: dict[str, int]
) -> None:
    leaf = task_leaf(task_commitment(salt, content), index=0, rotation="r")
    assert reveals_task(leaf, salt, content)
    assert not reveals_task(leaf, bytes([salt[0] ^ 1]) + salt[1:], content)
    assert not reveals_task(leaf, salt, {**content, "d": 1})
    assert not reveals_task(leaf, salt[:31], content)


def test_a_real_task_payload_can_be_committed() -> None:
    task = TaskSpec(
        source_id="t/1",
        shape=Shape.FUNCTION,
        statement="Add.",
        tests=CallCases(cases=(CallCase(args=(1, 2), expected=3),)),
        reference="def add(a, b): return a + b",
    )
    assert len(task_commitment(new_salt(), to_payload(task))) == 32


def test_a_short_salt_is_refused_and_salts_never_repeat() -> None:
    with pytest.raises(BadInput, match="32 bytes"):
        task_commitment(b"short", {})
    assert len({new_salt() for _ in range(100)}) == 100


def test_a_leaf_that_is_no_leaf_reveals_nothing() -> None:
    for leaf in (b"", b"[]", b"{}", b'{"t":"task-commit"}', b'{"c":1,"t":"task-commit"}', b"\xff"):
        assert not reveals_task(leaf, bytes(32), {})
