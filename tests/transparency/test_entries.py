"""Entries are the known bytes, and a log told out of order is found out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from benchserver.core.errors import BadInput
from benchserver.transparency import verify
from benchserver.transparency.canonical import parse_canonical
from benchserver.transparency.entries import (
    FIRST_PREV,
    check_order,
    correction,
    entry_hash,
    form_withdrawal,
    outcome_correction,
    reveal_document,
    rotation_commit,
    rotation_reveal,
    run_commit,
    run_start,
    snapshot,
    void,
)
from tests.transparency.vectors import log_entries, vectors

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def committed(rotation: str = "rot-1") -> bytes:
    return rotation_commit(
        rotation=rotation,
        root=bytes(32),
        tasks=7,
        rules={"samples": 5},
        judge_image="sha256:0",
        opens=NOON,
        closes=NOON + timedelta(days=14),
    )


def started(run: str = "run-1", rotation: str = "rot-1") -> bytes:
    return run_start(run=run, rotation=rotation, model="m-1", attempt=1)


def finished(run: str = "run-1", rotation: str = "rot-1", model: str = "m-1") -> bytes:
    return run_commit(run=run, rotation=rotation, model=model, root=bytes(32), outcomes=7)


def board(*runs: str, sequence: int = 0, prev: str = FIRST_PREV, **more: Any) -> bytes:
    return snapshot(
        sequence=sequence,
        prev=prev,
        rotation="rot-1",
        as_of=NOON,
        rows=[{"run": run, "passed": 4, "total": 7, **more} for run in runs],
        min_cell=20,
    )


def withdrawn(rotation: str = "rot-1") -> bytes:
    return form_withdrawal(
        rotation=rotation, track="python", withdrawn=20, standing=130, reason="wrong_tests"
    )


def corrected(run: str = "run-1") -> bytes:
    return outcome_correction(
        run=run, rotation="rot-1", commitment=bytes(32), ground="second_opinion"
    )


def test_the_known_snapshots_and_run_commit_are_reproduced() -> None:
    known = log_entries()
    run = parse_canonical(known[1])
    rebuilt = run_commit(
        run=run["run"],
        rotation=run["r"],
        model=run["model"],
        root=bytes.fromhex(run["root"]),
        outcomes=run["n"],
    )
    assert rebuilt == known[1]
    prev = FIRST_PREV
    for entry in known[2:4]:
        value = parse_canonical(entry)
        rebuilt = snapshot(
            sequence=value["seq"],
            prev=prev,
            rotation=value["rot"],
            as_of=datetime.fromisoformat(value["as_of"]),
            rows=value["rows"],
            min_cell=value["min_cell"],
        )
        assert rebuilt == entry
        prev = entry_hash(entry)


def test_the_other_kinds_have_the_known_fields() -> None:
    shapes = [committed(), finished(), board("run-1"), board("run-1")]
    shapes += [correction(snapshot_sequence=0, where="rows[0].passed", new=4, reason="judge bug")]
    shapes += [rotation_reveal(rotation="rot-1", reveal={})]
    for known, ours in zip(log_entries(), shapes, strict=True):
        assert parse_canonical(known).keys() == parse_canonical(ours).keys()


def test_the_known_log_lacks_only_the_start_of_its_run() -> None:
    assert check_order(log_entries()) == ["entry 1: run committed without its start"]


GOOD = [committed(), started(), finished(), board("run-1")]


def test_a_log_in_order_has_no_fault() -> None:
    second = board("run-1", sequence=1, prev=entry_hash(GOOD[3]))
    tail = [
        correction(snapshot_sequence=1, where="rows[0].passed", new=3, reason="judge fault"),
        withdrawn(),
        corrected(),
        void(run="run-1", rotation="rot-1", reason="endpoint changed"),
        rotation_reveal(rotation="rot-1", reveal={"r": "rot-1", "tasks": []}),
        b'{"t":"kind-of-the-future","v":1}',
    ]
    assert check_order([*GOOD, second, *tail]) == []


FAULTS: list[tuple[Sequence[bytes], str]] = [
    ([started()], "entry 0: run started before its rotation was committed"),
    ([GOOD[0], GOOD[0]], "entry 1: rotation committed twice"),
    ([*GOOD[:2], started()], "entry 2: run started twice"),
    ([GOOD[0], finished()], "entry 1: run committed without its start"),
    ([*GOOD[:2], committed("rot-2"), finished(rotation="rot-2")],
     "entry 3: run committed without its start"),
    ([*GOOD[:2], finished(model="m-2")],
     "entry 2: run committed without its start"),
    ([*GOOD[:3], finished()], "entry 3: run committed twice"),
    ([*GOOD[:2], GOOD[3]], "entry 2: snapshot shows a run before its outcomes were committed"),
    ([*GOOD[:3], board("run-1", sequence=1)], "entry 3: snapshot does not follow the one before"),
    ([*GOOD, board("run-1", sequence=1)], "entry 4: snapshot does not follow the one before"),
    ([*GOOD[:3], void(run="run-1", rotation="rot-1", reason="x"), GOOD[3]],
     "entry 4: snapshot shows a void run"),
    ([*GOOD[:3], board("run-1", outcomes_root="11" * 32)],
     "entry 3: snapshot names other outcomes than its run committed"),
    ([void(run="run-9", rotation="rot-1", reason="x")],
     "entry 0: void of a run that never started"),
    ([correction(snapshot_sequence=0, where="x", new=1, reason="x")],
     "entry 0: correction of an unknown snapshot"),
    ([withdrawn()], "entry 0: withdrawal of an unknown rotation"),
    ([*GOOD[:2], corrected()], "entry 2: correction of a run that committed no outcomes"),
    ([rotation_reveal(rotation="rot-1", reveal={})], "entry 0: reveal of an unknown rotation"),
]  # fmt: skip


@pytest.mark.parametrize(("log", "fault"), FAULTS, ids=[fault for _, fault in FAULTS])
def test_each_fault_of_order_is_named(log: Sequence[bytes], fault: str) -> None:
    assert check_order(log) == [fault]
    assert verify.check_order(list(log)) == [fault]


def test_the_known_broken_chain_is_refused() -> None:
    """The vector's last refusal: ``prev`` is not the hash of snapshot 0."""
    assert vectors()["negative"][-1]["name"].startswith("snapshot chain")
    entries = log_entries()
    value = parse_canonical(entries[3])
    entries[3] = snapshot(
        sequence=1,
        prev="11" * 32,
        rotation=value["rot"],
        as_of=NOON,
        rows=value["rows"],
        min_cell=20,
    )
    assert "entry 3: snapshot does not follow the one before" in check_order(entries)


def test_malformed_entries_are_faults_not_crashes() -> None:
    for raw in (b"", b"[]", b"{}", b'{"t":"run-start"}', b'{"t":"snapshot","v":1}', b'{"t": 1}'):
        assert check_order([raw]) == ["entry 0: malformed"]
        with pytest.raises((verify.Bad, KeyError)):
            verify.check_order([raw])


def test_times_are_utc_to_the_second() -> None:
    paris = datetime(2026, 12, 1, 13, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    entry = snapshot(sequence=0, prev=FIRST_PREV, rotation="r", as_of=paris, rows=[], min_cell=20)
    assert parse_canonical(entry)["as_of"] == "2026-12-01T12:00:00Z"
    with pytest.raises(BadInput, match="without a zone"):
        snapshot(
            sequence=0,
            prev=FIRST_PREV,
            rotation="r",
            as_of=datetime(2026, 1, 1),
            rows=[],
            min_cell=20,
        )


def test_a_row_without_its_run_is_refused() -> None:
    with pytest.raises(BadInput, match="names its run"):
        snapshot(
            sequence=0, prev=FIRST_PREV, rotation="r", as_of=NOON, rows=[{"passed": 1}], min_cell=20
        )


def test_a_reveal_document_is_sorted_by_index() -> None:
    document = reveal_document(
        rotation="r", tasks=[(1, b"\x01" * 32, {"a": 1}), (0, bytes(32), {"b": 2})]
    )
    assert [task["i"] for task in document["tasks"]] == [0, 1]
    assert document["tasks"][0] == {"i": 0, "salt": "00" * 32, "payload": {"b": 2}}
