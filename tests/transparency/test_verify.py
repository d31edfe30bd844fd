"""The stand-alone verifier accepts an honest log, finds every tampering, and needs no package."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.transparency import canonical, commitments, entries, merkle, notes, verify
from benchserver.transparency.bundle import Tree, make_bundle
from tests.transparency.test_canonical import texts, values
from tests.transparency.vectors import vectors

ORIGIN = "bench.example/results"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = notes.verifier_key_of(KEY, name=ORIGIN)
START = datetime(2026, 12, 1, tzinfo=UTC)
TASKS = [(i, bytes([i]) * 32, {"prompt": f"add {i}", "v": 1}) for i in range(6)]


def signed(log: list[bytes]) -> str:
    leaves = merkle.leaf_hashes(log)
    point = notes.Checkpoint(ORIGIN, len(leaves), merkle.tree_root(leaves))
    return notes.sign_checkpoint(point, KEY)


def honest_log() -> tuple[list[bytes], list[bytes], list[bytes], dict[str, Any]]:
    """(log entries, pool leaves, outcome leaves, reveal of five of six tasks)."""
    pool = [
        commitments.task_leaf(commitments.task_commitment(salt, payload), index=i, rotation="r1")
        for i, salt, payload in TASKS
    ]
    outcomes = [
        commitments.outcome_leaf(
            commitments.outcome_commitment(salt, {"i": i, "passed": i % 2}), index=i, run="run-1"
        )
        for i, salt, _ in TASKS
    ]
    reveal = entries.reveal_document(rotation="r1", tasks=TASKS[:5])
    root = commitments.root_of(outcomes)
    row = {"run": "run-1", "model": "m", "passed": 3, "total": 6, "outcomes_root": root.hex()}
    log = [
        entries.rotation_commit(
            rotation="r1",
            root=commitments.root_of(pool),
            tasks=6,
            rules={},
            judge_image="sha256:0",
            opens=START,
            closes=START + timedelta(days=14),
        ),
        entries.run_start(run="run-1", rotation="r1", model="m", attempt=1),
        entries.run_commit(run="run-1", rotation="r1", model="m", root=root, outcomes=6),
    ]
    prev = entries.FIRST_PREV
    for sequence in range(2):
        log.append(
            entries.snapshot(
                sequence=sequence, prev=prev, rotation="r1", as_of=START, rows=[row], min_cell=20
            )
        )
        prev = entries.entry_hash(log[-1])
    log.append(entries.rotation_reveal(rotation="r1", reveal=reveal))
    return log, pool, outcomes, reveal


def honest_bundle() -> dict[str, Any]:
    log, pool, outcomes, reveal = honest_log()
    return make_bundle(
        key=PUBLIC,
        checkpoint=signed(log),
        entries=log,
        earlier=[signed(log[:n]) for n in (0, 1, 4)],
        pools=[Tree("r1", tuple(pool))],
        outcomes=[Tree("run-1", tuple(outcomes))],
        reveals=[reveal],
    )


def failing(bundle: dict[str, Any], **options: str) -> set[str]:
    return {check.what for check in verify.verify_bundle(bundle, **options) if not check.ok}


def test_an_honest_bundle_holds() -> None:
    checks = verify.verify_bundle(
        honest_bundle(), key=str(PUBLIC), since=signed(honest_log()[0][:2])
    )
    assert all(check.ok for check in checks), checks
    assert "1 of 1 logged reveals shown, 5 of their 6 tasks opened" in {c.detail for c in checks}
    assert "4 earlier checkpoints" in {c.detail for c in checks}


def resign(bundle: dict[str, Any], log: list[bytes]) -> None:
    """What a dishonest operator would do: change the log and sign it again."""
    bundle["entries"] = [b64encode(entry).decode() for entry in log]
    bundle["checkpoint"] = signed(log)
    bundle["snapshots"] = [e for e in map(json.loads, log) if e["t"] == "snapshot"]


def edit_score(bundle: dict[str, Any]) -> None:
    log = [b64decode(entry) for entry in bundle["entries"]]
    bundle["entries"][4] = b64encode(log[4].replace(b'"passed":3', b'"passed":6')).decode()


def edit_score_and_sign_again(bundle: dict[str, Any]) -> None:
    log = [b64decode(entry) for entry in bundle["entries"]]
    log[3] = log[3].replace(b'"passed":3', b'"passed":6')
    resign(bundle, log)


def drop_last_entry_and_sign_again(bundle: dict[str, Any]) -> None:
    resign(bundle, [b64decode(entry) for entry in bundle["entries"]][:3])


def swap_snapshot(bundle: dict[str, Any]) -> None:
    bundle["snapshots"][0]["rows"][0]["passed"] = 6


def change_prompt(bundle: dict[str, Any]) -> None:
    bundle["reveals"][0]["tasks"][2]["payload"]["prompt"] += " "


def change_prompt_and_log_it(bundle: dict[str, Any]) -> None:
    change_prompt(bundle)
    log = [b64decode(entry) for entry in bundle["entries"]]
    log[-1] = entries.rotation_reveal(rotation="r1", reveal=bundle["reveals"][0])
    resign(bundle, log)


def swap_salts_and_log_it(bundle: dict[str, Any]) -> None:
    tasks = bundle["reveals"][0]["tasks"]
    tasks[0]["salt"], tasks[1]["salt"] = tasks[1]["salt"], tasks[0]["salt"]
    log = [b64decode(entry) for entry in bundle["entries"]]
    log[-1] = entries.rotation_reveal(rotation="r1", reveal=bundle["reveals"][0])
    resign(bundle, log)


def add_leaf(bundle: dict[str, Any]) -> None:
    bundle["pools"][0]["leaves"].append(bundle["pools"][0]["leaves"][0])


def change_outcome_leaf(bundle: dict[str, Any]) -> None:
    leaves = bundle["outcomes"][0]["leaves"]
    leaves[0], leaves[1] = leaves[1], leaves[0]


def forge_checkpoint(bundle: dict[str, Any]) -> None:
    bundle["checkpoint"] = bundle["checkpoint"].replace("\n6\n", "\n7\n")


def old_checkpoint_of_another_history(bundle: dict[str, Any]) -> None:
    bundle["checkpoints"].append(signed([b'{"t":"other","v":1}']))


def other_key(bundle: dict[str, Any]) -> None:
    bundle["origin"] = "elsewhere.example"


def start_without_a_name(bundle: dict[str, Any]) -> None:
    log = [b64decode(entry) for entry in bundle["entries"]]
    resign(bundle, [*log, b'{"r":"r1","t":"run-start","v":1}'])


def remove_entries(bundle: dict[str, Any]) -> None:
    del bundle["entries"]


def unknown_reveal(bundle: dict[str, Any]) -> None:
    bundle["reveals"].append({"r": "r2", "tasks": []})


TAMPERINGS: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (edit_score, "entries are the ones signed"),
    (edit_score_and_sign_again, "log only grew"),
    (edit_score_and_sign_again, "order of commitments"),
    (drop_last_entry_and_sign_again, "log only grew"),
    (swap_snapshot, "snapshots are the logged ones"),
    (change_prompt, "reveals"),
    (change_prompt_and_log_it, "reveals"),
    (swap_salts_and_log_it, "reveals"),
    (add_leaf, "task commitments"),
    (change_outcome_leaf, "outcome commitments"),
    (forge_checkpoint, "checkpoint is signed"),
    (old_checkpoint_of_another_history, "log only grew"),
    (other_key, "key"),
    (start_without_a_name, "order of commitments"),
    (remove_entries, "entries are readable"),
    (unknown_reveal, "reveals"),
]


@pytest.mark.parametrize(("tamper", "found"), TAMPERINGS)
def test_every_tampering_is_found(tamper: Callable[[dict[str, Any]], None], found: str) -> None:
    bundle = honest_bundle()
    tamper(bundle)
    assert found in failing(bundle)


def test_a_log_signed_by_another_key_fails_against_the_one_you_know() -> None:
    stranger = notes.verifier_key_of(Ed25519PrivateKey.generate(), name=ORIGIN)
    assert failing(honest_bundle(), key=str(stranger)) == {"checkpoint is signed"}


def test_a_kept_checkpoint_exposes_a_rewritten_log() -> None:
    bundle, kept = honest_bundle(), honest_bundle()["checkpoint"]
    bundle["checkpoints"] = []
    drop_last_entry_and_sign_again(bundle)
    bundle["reveals"] = []
    assert failing(bundle) == set()
    assert failing(bundle, since=kept) == {"log only grew"}


paths = st.lists(st.integers(0, 5), min_size=1, max_size=5)


@given(paths, st.sampled_from([None, 0, "", [], {}, "x", True, "AAAA", -1]))
def test_no_damage_to_a_bundle_crashes_the_verifier(path: list[int], junk: object) -> None:
    bundle: Any = copy.deepcopy(HONEST)
    place = bundle
    for depth, step in enumerate(path):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = keys[step % len(keys)]
        if depth == len(path) - 1 or not isinstance(place[key], (dict, list)):
            place[key] = junk
            break
        place = place[key]
    checks = verify.verify_bundle(bundle)
    assert all(isinstance(check.ok, bool) for check in checks)


HONEST = honest_bundle()


# --- the two implementations agree ---


@given(values)
def test_both_write_the_same_canonical_json(value: object) -> None:
    assert verify.canonical(value) == canonical.canonical(value)


@given(st.binary(max_size=40) | values.map(lambda v: json.dumps(v).encode()))
def test_both_read_the_same_json(data: bytes) -> None:
    try:
        expected = canonical.parse(data)
    except BadInput:
        with pytest.raises(verify.Bad):
            verify.parse_json(data)
    else:
        assert verify.parse_json(data) == expected


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_both_grow_the_same_tree(items: list[bytes]) -> None:
    leaves = merkle.leaf_hashes(items)
    sizes = set(range(len(items) + 1))
    assert verify.prefix_roots(leaves, sizes) == {n: merkle.tree_root(leaves[:n]) for n in sizes}
    assert verify.tree_root(items) == commitments.root_of(items)


@given(st.binary(min_size=32, max_size=32), st.dictionaries(texts, values, max_size=3))
def test_both_commit_alike(salt: bytes, payload: dict[str, Any]) -> None:
    assert verify.task_commitment(salt, payload) == commitments.task_commitment(salt, payload)


@given(st.data())
def test_both_accept_and_refuse_the_same_checkpoints(data: st.DataObject) -> None:
    note = signed([b"x"])
    position = data.draw(st.integers(0, len(note) - 1))
    letter = data.draw(st.sampled_from("\n\r \u2014+=A0x\t") | st.just(note[position]))
    changed = note[:position] + letter + note[position + 1 :]
    try:
        expected = notes.open_checkpoint(changed, PUBLIC)
    except BadInput:
        with pytest.raises(verify.Bad):
            verify.open_checkpoint(changed, str(PUBLIC))
    else:
        assert tuple(verify.open_checkpoint(changed, str(PUBLIC))) == (
            expected.origin, expected.size, expected.root,
        )  # fmt: skip


@given(st.permutations(range(6)), st.integers(0, 6))
def test_both_judge_the_order_of_a_log_alike(order: list[int], size: int) -> None:
    log = [honest_log()[0][i] for i in order[:size]]
    assert verify.check_order(log) == entries.check_order(log)


def test_the_known_checkpoints_open_with_the_verifier_too() -> None:
    log = vectors()["log"]
    for case in log["checkpoints"]:
        point = verify.open_checkpoint(case["signed_note"], log["vkey"])
        assert (point.size, point.root.hex()) == (case["size"], case["root_hex"])


# --- as a program, alone in a folder ---


def program(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    alone = tmp_path / "verify.py"
    shutil.copy(verify.__file__, alone)
    command = [sys.executable, "-I", str(alone), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)


def test_the_file_runs_alone_and_says_that_all_holds(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps(honest_bundle()))
    done = program(tmp_path, str(tmp_path), "--key", str(PUBLIC))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("everything holds\n")


def test_the_file_exits_1_and_names_what_does_not_hold(tmp_path: Path) -> None:
    bundle = honest_bundle()
    edit_score(bundle)
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(bundle))
    done = program(tmp_path, str(path), "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["ok"] is False
    assert {c["what"] for c in report["checks"] if not c["ok"]} >= {"entries are the ones signed"}


@pytest.mark.parametrize("content", [None, "", "[]", '{"a":1.5}', "no json"])
def test_what_cannot_be_read_exits_2_in_one_line(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "broken.json"
    if content is not None:
        path.write_text(content)
    done = program(tmp_path, str(path))
    assert done.returncode == 2
    assert done.stderr.startswith("cannot read")
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def site() -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(HONEST).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/v1/transparency/bundle.json"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_bundle_is_checked_from_its_address(
    site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify.main([site]) == 0
    assert "compare it with the one you know" in capsys.readouterr().out


def test_the_file_imports_nothing_of_the_package_and_stays_short() -> None:
    source = Path(verify.__file__).read_text(encoding="utf-8")
    assert "import benchserver" not in source
    assert "from benchserver" not in source
    assert len(source.splitlines()) <= 400


def test_a_bundle_is_only_made_of_what_the_key_signed() -> None:
    log, *_ = honest_log()
    with pytest.raises(BadInput):
        make_bundle(key=PUBLIC, checkpoint=signed(log).replace("\n6\n", "\n5\n"), entries=log)
