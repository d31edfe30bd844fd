"""The signer signs one history: the next checkpoint extends the last, or there is none."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput, PlatformFault
from benchserver.engines.signing import base, local
from benchserver.engines.signing.files import ensure_signing_key, replace_durably
from benchserver.engines.signing.local import LocalLogSigner
from tests.shared_data import shared

ORIGIN = "bench.example/results"


# A tree of our own, straight from RFC 6962 section 2.1, so that nothing is tested against itself.
def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def root_of(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = split(len(leaves))
    return node(root_of(leaves[:k]), root_of(leaves[k:]))


def proof_of(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    size = len(leaves)
    if old == size:
        return [] if whole else [root_of(leaves)]
    k = split(size)
    if old <= k:
        return [*proof_of(old, leaves[:k], whole), root_of(leaves[k:])]
    return [*proof_of(old - k, leaves[k:], False), root_of(leaves[:k])]


LEAVES = [b"entry %d" % number for number in range(20)]
FORKED = [b"entry %d" % number for number in range(4)] + [b"other %d" % n for n in range(16)]


def signer_in(folder: Path, origin: str = ORIGIN) -> LocalLogSigner:
    return LocalLogSigner(ensure_signing_key(folder), folder / "signed", origin)


def advance(signer: LocalLogSigner, size: int, leaves: list[bytes] = LEAVES) -> str:
    last = signer.last_size()
    proof = proof_of(last, leaves[:size]) if 0 < last <= size else []
    return signer.sign_checkpoint(size=size, root=root_of(leaves[:size]), proof=proof)


def refusal(signer: LocalLogSigner, size: int, leaves: list[bytes], proof: list[bytes]) -> str:
    before = signer.last_size()
    with pytest.raises(PlatformFault) as caught:
        signer.sign_checkpoint(size=size, root=root_of(leaves[:size]), proof=proof)
    assert signer.last_size() == before
    return caught.value.code


@pytest.fixture(scope="module")
def vector() -> Any:
    return json.loads(shared("vectors/transparency.json").read_text())["log"]


@pytest.fixture
def known_key(tmp_path: Path, vector: Any) -> Path:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seed_hex"]))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    replace_durably(tmp_path / "signing.key", pem, mode=0o400)
    return tmp_path / "signing.key"


def test_the_known_log_is_signed_byte_for_byte(known_key: Path, vector: Any) -> None:
    signer = LocalLogSigner(known_key, known_key.with_name("signed"), vector["origin"])
    assert signer.verifier_key == vector["vkey"]
    assert signer.name == vector["origin"]
    proofs = {(p["from"], p["to"]): p["proof_hex"] for p in vector["consistency"]}
    for checkpoint in vector["checkpoints"]:
        proof = proofs.get((signer.last_size(), checkpoint["size"]), [])
        note = signer.sign_checkpoint(
            size=checkpoint["size"],
            root=bytes.fromhex(checkpoint["root_hex"]),
            proof=[bytes.fromhex(part) for part in proof],
        )
        assert note == checkpoint["signed_note"]
    assert signer.last_size() == vector["checkpoints"][-1]["size"] == 6


def test_every_known_consistency_proof_is_accepted(known_key: Path, vector: Any) -> None:
    roots = {point["size"]: bytes.fromhex(point["root_hex"]) for point in vector["checkpoints"]}
    for number, step in enumerate(vector["consistency"]):
        state = known_key.with_name(f"signed-{number}")
        signer = LocalLogSigner(known_key, state, vector["origin"])
        signer.sign_checkpoint(size=step["from"], root=roots[step["from"]], proof=[])
        proof = [bytes.fromhex(part) for part in step["proof_hex"]]
        signer.sign_checkpoint(size=step["to"], root=roots[step["to"]], proof=proof)
        assert signer.last_size() == step["to"]


def test_a_note_is_origin_size_root_and_one_signature(tmp_path: Path) -> None:
    note = advance(signer_in(tmp_path), 5)
    text, signatures = note.split("\n\n")
    assert text.split("\n")[:2] == [ORIGIN, "5"]
    assert signatures.startswith(f"— {ORIGIN} ")
    assert signatures.count("\n") == 1


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_a_growing_log_is_signed_across_restarts(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    for size in sorted(steps):
        advance(signer_in(folder), size)
        assert signer_in(folder).last_size() == size


def test_at_first_nothing_is_signed(tmp_path: Path) -> None:
    assert signer_in(tmp_path).last_size() == 0


def test_the_same_tree_may_be_signed_again(tmp_path: Path) -> None:
    first = advance(signer_in(tmp_path), 7)
    assert advance(signer_in(tmp_path), 7) == first


def test_another_tree_of_the_same_size_is_refused(tmp_path: Path) -> None:
    signer = signer_in(tmp_path)
    advance(signer, 7)
    assert refusal(signer, 7, FORKED, []) == "log_forks"


def test_a_smaller_tree_is_refused(tmp_path: Path) -> None:
    signer = signer_in(tmp_path)
    advance(signer, 7)
    assert refusal(signer, 6, LEAVES, []) == "log_shrinks"
    assert refusal(signer, 0, LEAVES, []) == "log_shrinks"


@pytest.mark.parametrize("old", range(5, 12))
def test_a_forked_history_is_refused_with_any_honest_looking_proof(
    tmp_path: Path, old: int
) -> None:
    signer = signer_in(tmp_path)
    advance(signer, old)
    for proof in ([], proof_of(old, FORKED[:12]), proof_of(old, LEAVES[:12])):
        if old < 12:
            assert refusal(signer, 12, FORKED, proof) == "log_inconsistent"


def test_a_true_tree_without_its_proof_is_refused(tmp_path: Path) -> None:
    signer = signer_in(tmp_path)
    advance(signer, 5)
    proof = proof_of(5, LEAVES[:9])
    for bad in ([], proof[:-1], [*proof, b"\0" * 32], list(reversed(proof))):
        assert refusal(signer, 9, LEAVES, bad) == "log_inconsistent"


def test_a_first_tree_needs_no_proof_and_takes_none(tmp_path: Path) -> None:
    assert refusal(signer_in(tmp_path), 5, LEAVES, [b"\0" * 32]) == "log_inconsistent"


def test_an_empty_tree_has_one_root_only(tmp_path: Path) -> None:
    with pytest.raises(PlatformFault, match="log_inconsistent"):
        signer_in(tmp_path).sign_checkpoint(size=0, root=b"\7" * 32, proof=[])


@pytest.mark.parametrize(
    ("size", "root", "proof"),
    [(-1, b"\0" * 32, []), (2**63, b"\0" * 32, []), (1, b"short", []), (1, b"\0" * 32, [b"short"])],
)
def test_a_malformed_request_is_refused_as_such(
    tmp_path: Path, size: int, root: bytes, proof: list[bytes]
) -> None:
    signer = signer_in(tmp_path)
    with pytest.raises(BadInput):
        signer.sign_checkpoint(size=size, root=root, proof=proof)
    assert not (tmp_path / "signed").exists()


@pytest.mark.parametrize("moment", ["before storing", "after storing"])
def test_a_signer_killed_around_storing_signs_the_same_tree_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    advance(signer_in(tmp_path), 5)
    real = os.replace

    def killed(source: Path, target: Path) -> None:
        if moment == "after storing":
            real(source, target)
        raise KeyboardInterrupt

    monkeypatch.setattr("benchserver.engines.signing.files.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        advance(signer_in(tmp_path), 9)
    monkeypatch.undo()
    stored = moment == "after storing"
    assert signer_in(tmp_path).last_size() == (9 if stored else 5)
    if stored:
        assert refusal(signer_in(tmp_path), 9, FORKED, []) == "log_forks"
    assert advance(signer_in(tmp_path), 9).split("\n")[1] == "9"


def test_the_signature_leaves_only_after_the_state_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = signer_in(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local, "replace_durably", full)
    with pytest.raises(PlatformFault, match="signing_state_not_stored"):
        advance(signer, 5)
    assert signer.last_size() == 0


def test_two_signers_on_one_state_cannot_fork(tmp_path: Path) -> None:
    one, two = signer_in(tmp_path), signer_in(tmp_path)
    advance(one, 6)
    assert two.last_size() == 6
    assert refusal(two, 6, FORKED, []) == "log_forks"


@pytest.mark.parametrize("damage", ["size", "signature", "cut", "empty", "binary"])
def test_a_damaged_state_is_refused_instead_of_forgotten(tmp_path: Path, damage: str) -> None:
    note = advance(signer_in(tmp_path), 5)
    spoilt = {
        "size": note.replace("\n5\n", "\n4\n").encode(),
        "signature": (note[:-9] + "AAAAAAA=\n").encode(),
        "cut": note[:30].encode(),
        "empty": b"",
        "binary": b"\xff\xfe",
    }[damage]
    (tmp_path / "signed").write_bytes(spoilt)
    with pytest.raises(PlatformFault) as caught:
        signer_in(tmp_path)
    assert caught.value.code == "signing_state_damaged"
    assert (tmp_path / "signed").read_bytes() == spoilt


def test_the_state_of_another_log_or_key_is_refused(tmp_path: Path) -> None:
    advance(signer_in(tmp_path), 5)
    with pytest.raises(PlatformFault, match="signing_state_of_another_log"):
        signer_in(tmp_path, origin="bench.example/other")
    (tmp_path / "signing.key").unlink()
    with pytest.raises(PlatformFault, match="signing_state_damaged"):
        signer_in(tmp_path)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak"])
def test_an_origin_that_cannot_name_a_key_is_refused(tmp_path: Path, origin: str) -> None:
    with pytest.raises(BadInput):
        signer_in(tmp_path, origin=origin)


def test_the_signer_shows_no_key_and_is_never_pickled(tmp_path: Path) -> None:
    signer: base.LogSigner = signer_in(tmp_path)
    assert repr(signer) == f"LocalLogSigner({ORIGIN!r})"
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_no_other_process_signs_between_the_check_and_the_storing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer, real, held = signer_in(tmp_path), local.replace_durably, []

    def store(*args: Any, **named: Any) -> None:
        other = os.open(tmp_path, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(True)
        finally:
            os.close(other)
        real(*args, **named)

    monkeypatch.setattr(local, "replace_durably", store)
    advance(signer, 5)
    assert held == [True]
