"""The stored form agrees with a foreign known answer."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchserver.engines.vault.base import CannotOpen, Context
from benchserver.engines.vault.envelope import associated_data, open_field
from tests.shared_data import shared


def known() -> tuple[AESGCM, Context, bytes, str]:
    vector = json.loads(shared("vectors/transparency.json").read_text())["envelope"]
    aad = vector["field_aad"]
    place = Context(table=aad["t"], row=aad["row"], field=aad["field"], revision=aad["rev"])
    body = bytes.fromhex(vector["field_nonce_hex"] + vector["ciphertext_hex"])
    cipher = AESGCM(bytes.fromhex(vector["dek_hex"]))
    return cipher, place, b"PB1" + bytes([5]) + b"dek-3" + body, vector["plaintext"]


def test_the_known_answer_opens() -> None:
    cipher, place, blob, plain = known()
    assert open_field(cipher, place, "dek-3", blob).decode() == plain


@pytest.mark.parametrize("moved", ["row", "field", "revision"])
def test_the_known_answer_opens_nowhere_else(moved: str) -> None:
    cipher, place, blob, _ = known()
    values = {"table": place.table, "row": place.row, "field": place.field, "revision": 1}
    values[moved] = 0 if moved == "revision" else "other"
    with pytest.raises(CannotOpen, match="moved_or_altered"):
        open_field(cipher, Context(**values), "dek-3", blob)


def test_the_known_answer_opens_under_no_other_data_key_id() -> None:
    cipher, place, blob, _ = known()
    with pytest.raises(CannotOpen, match="other_data_key"):
        open_field(cipher, place, "dek-4", blob)
    with pytest.raises(CannotOpen, match="moved_or_altered"):
        open_field(cipher, place, "dek-4", blob.replace(b"dek-3", b"dek-4"))


def test_the_associated_data_is_sorted_json_without_spaces() -> None:
    place = Context(table="task", row='a"\n\u20ac', field="tests", revision=3)
    assert associated_data(place, "d1").decode() == (
        '{"dek":"d1","field":"tests","rev":3,"row":"a\\"\\n\u20ac","t":"task","v":1}'
    )


@pytest.mark.parametrize("dek_id", ["", "x" * 256])
def test_a_data_key_id_that_fits_no_length_byte_is_refused(dek_id: str) -> None:
    cipher, place, blob, _ = known()
    with pytest.raises(CannotOpen, match="data_key_id_malformed"):
        open_field(cipher, place, dek_id, blob)
