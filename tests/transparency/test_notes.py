"""Notes and checkpoints are the published formats, byte for byte, and forged ones are refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.transparency.notes import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
    parse_verifier_key,
    sign_checkpoint,
    sign_note,
    verifier_key_of,
    verify_note,
)
from tests.transparency.vectors import vectors


def log_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vectors()["log"]["seed_hex"]))


def test_a_note_of_the_go_checksum_database_verifies() -> None:
    foreign = vectors()["foreign_known_answers"]
    key = parse_verifier_key(foreign["go_sumdb_vkey"])
    text = verify_note(foreign["go_sumdb_note"], [key])
    assert text.startswith("If you think cryptography is the answer")
    assert str(key) == foreign["go_sumdb_vkey"]


def test_every_checkpoint_of_the_log_is_reproduced_byte_for_byte() -> None:
    log = vectors()["log"]
    key = verifier_key_of(log_key(), name=log["origin"])
    assert str(key) == log["vkey"]
    assert key.public.hex() == log["public_key_hex"]
    for case in log["checkpoints"]:
        point = Checkpoint(log["origin"], case["size"], bytes.fromhex(case["root_hex"]))
        assert str(point) == case["text"]
        assert sign_checkpoint(point, log_key()) == case["signed_note"]
        assert open_checkpoint(case["signed_note"], key) == point


def refused_notes() -> dict[str, str]:
    log = vectors()["log"]
    good = log["checkpoints"][6]["signed_note"]
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x07")
    text = log["checkpoints"][6]["text"]
    return {
        "note: size line changed": good.replace("\n6\n", "\n7\n"),
        "note: CRLF line ends": good.replace("\n", "\r\n"),
        "note: signed by an unknown key": sign_note(text, stranger, name=log["origin"]),
        "note: right key, other name": sign_note(text, log_key(), name="bench.example/other"),
        "note: no signature line": text + "\n",
    }


def test_the_five_forged_notes_are_refused() -> None:
    key = parse_verifier_key(vectors()["log"]["vkey"])
    notes = refused_notes()
    assert set(notes) == {c["name"] for c in vectors()["negative"] if c["name"].startswith("note:")}
    for note in notes.values():
        with pytest.raises(BadInput):
            open_checkpoint(note, key)


def test_an_unknown_second_signature_is_ignored_and_a_false_known_one_is_not() -> None:
    log = vectors()["log"]
    key = parse_verifier_key(log["vkey"])
    good = log["checkpoints"][6]["signed_note"]
    witness = sign_note(log["checkpoints"][6]["text"], Ed25519PrivateKey.generate(), name="witness")
    witness_line = witness.split("\n")[-2] + "\n"
    assert open_checkpoint(good + witness_line, key).size == 6
    false_line = log["checkpoints"][5]["signed_note"].split("\n")[-2] + "\n"
    with pytest.raises(BadInput, match="signature is false") as refused:
        open_checkpoint(good + false_line, key)
    assert refused.value.code == "bad_signature"


def test_a_checkpoint_of_another_origin_is_refused_though_the_key_signed_it() -> None:
    key = Ed25519PrivateKey.generate()
    note = sign_note(str(Checkpoint("other.example", 0, bytes(32))), key, name="bench.example")
    with pytest.raises(BadInput, match="another log"):
        open_checkpoint(note, verifier_key_of(key, name="bench.example"))


@pytest.mark.parametrize(
    "text",
    [
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n٣\n" + "A" * 43 + "=\n",
        "o\n1\nAAAA\n",
        "o\n1\n" + "A" * 42 + "B=\n",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 43 + "=\nextension\n",
        "o\n1\n" + "A" * 43 + "=",
        "o\n" + "9" * 17 + "\n" + "A" * 43 + "=\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "text",
    ["", "a+b", "name+00000000+AAAA", "na me+98d21115+ARGxCeiv2+SGuINEnOgO+rZpXHZ+qgNKjiWsDFLDvWTe",
     "bench.example/results+98d21116+ARGxCeiv2+SGuINEnOgO+rZpXHZ+qgNKjiWsDFLDvWTe"],
)  # fmt: skip
def test_malformed_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_verifier_key(text)


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1),
    st.binary(min_size=32, max_size=32),
)
def test_what_is_signed_verifies_and_a_changed_text_does_not(text: str, seed: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = verifier_key_of(key, name="k")
    note = sign_note(text + "\n", key, name="k")
    assert verify_note(note, [public]) == text + "\n"
    with pytest.raises(BadInput):
        verify_note("x" + note, [public])


def test_a_text_with_empty_lines_keeps_them() -> None:
    key = Ed25519PrivateKey.generate()
    text = "one\n\ntwo\n\n"
    assert parse_note(sign_note(text, key, name="k")).text == text


@pytest.mark.parametrize("text", ["", "\n", "no newline", "tab\there\n"])
def test_a_text_that_is_no_note_is_not_signed(text: str) -> None:
    with pytest.raises(BadInput):
        sign_note(text, Ed25519PrivateKey.generate(), name="k")
