"""What is sealed opens with the right key in its own place, and nowhere else."""

from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput, MissingPart
from benchserver.engines.vault import base
from benchserver.engines.vault.base import CannotOpen, Context, Right, WrappedKey
from benchserver.engines.vault.keyring import LiveKeys, load_private, private_file, public_file
from benchserver.engines.vault.opener import HpkeOpener
from benchserver.engines.vault.sealer import HpkeSealer
from tests.engines.vault.conftest import opener_of, sealer_of

PLAIN = b"MARKER-7f3a assert solve(2) == 4"
HERE = Context(table="task", row="7", field="tests", revision=2)

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
contexts = st.builds(
    Context, table=names, row=names, field=names, revision=st.integers(-(2**53), 2**53)
)


def code_of(opener: HpkeOpener, key: WrappedKey, context: Context, sealed: bytes) -> str:
    with pytest.raises(CannotOpen) as caught:
        opener.open(key, context, sealed)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "MARKER" not in shown
    assert caught.value.__context__ is None or "MARKER" not in repr(caught.value.__context__)
    return caught.value.code


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    right=st.sampled_from(Right),
    fields=st.dictionaries(contexts, st.binary(max_size=3000), min_size=1, max_size=4),
)
def test_what_is_sealed_opens_unchanged(
    keys: Path, right: Right, fields: dict[Context, bytes]
) -> None:
    key, sealed = sealer_of(keys).seal(right, fields)
    opener = opener_of(keys, right)
    assert {place: opener.open(key, place, blob) for place, blob in sealed.items()} == fields


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=contexts, other=contexts)
def test_a_field_opens_in_no_other_place(keys: Path, place: Context, other: Context) -> None:
    key, sealed = sealer_of(keys).seal(Right.EXECUTE, {place: PLAIN})
    opener = opener_of(keys, Right.EXECUTE)
    if other == place:
        assert opener.open(key, other, sealed[place]) == PLAIN
    else:
        assert code_of(opener, key, other, sealed[place]) == "moved_or_altered"


@pytest.mark.parametrize(
    "moved",
    [{"row": "8"}, {"field": "prompt"}, {"revision": 1}, {"table": "reply"}],
    ids=["other row", "other field", "older revision", "other table"],
)
def test_a_moved_ciphertext_does_not_open(keys: Path, moved: dict[str, object]) -> None:
    key, sealed = sealer_of(keys).seal(Right.EXECUTE, {HERE: PLAIN})
    opener = opener_of(keys, Right.EXECUTE)
    place = replace(HERE, **moved)  # type: ignore[arg-type]
    assert code_of(opener, key, place, sealed[HERE]) == "moved_or_altered"


def test_two_swapped_fields_of_one_row_do_not_open(keys: Path) -> None:
    there = replace(HERE, field="prompt")
    key, sealed = sealer_of(keys).seal(Right.EXECUTE, {HERE: PLAIN, there: b"MARKER other"})
    opener = opener_of(keys, Right.EXECUTE)
    assert code_of(opener, key, HERE, sealed[there]) == "moved_or_altered"
    assert code_of(opener, key, there, sealed[HERE]) == "moved_or_altered"


def test_a_field_under_another_data_key_does_not_open(keys: Path) -> None:
    sealer, opener = sealer_of(keys), opener_of(keys, Right.EXECUTE)
    one, sealed = sealer.seal(Right.EXECUTE, {HERE: PLAIN})
    two, _ = sealer.seal(Right.EXECUTE, {HERE: PLAIN})
    assert code_of(opener, two, HERE, sealed[HERE]) == "other_data_key"
    relabelled = sealed[HERE].replace(one.id.encode(), two.id.encode())
    assert code_of(opener, two, HERE, relabelled) == "moved_or_altered"
    assert code_of(opener, replace(two, id=one.id), HERE, sealed[HERE]) == "wrapped_key_altered"


def test_a_data_key_cannot_change_its_right(keys: Path) -> None:
    key, sealed = sealer_of(keys).seal(Right.EXECUTE, {HERE: PLAIN})
    opener = opener_of(keys, *Right)
    forged = replace(key, right=Right.GENERATE)
    assert code_of(opener, forged, HERE, sealed[HERE]) == "unknown_key"
    generate = sealer_of(keys).key_id(Right.GENERATE)
    forged = replace(forged, key_id=generate)
    assert code_of(opener, forged, HERE, sealed[HERE]) == "wrapped_key_altered"


def test_a_data_key_cannot_change_its_right_even_under_one_key_pair(keys: Path) -> None:
    key, sealed = sealer_of(keys).seal(Right.EXECUTE, {HERE: PLAIN})
    live = LiveKeys(private_file(keys, Right.EXECUTE), Right.EXECUTE, load_private)
    opener = HpkeOpener(dict.fromkeys(Right, live))
    assert opener.open(key, HERE, sealed[HERE]) == PLAIN
    forged = replace(key, right=Right.GENERATE)
    assert code_of(opener, forged, HERE, sealed[HERE]) == "wrapped_key_altered"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_one_changed_bit_anywhere_does_not_open(keys: Path, data: st.DataObject) -> None:
    key, sealed = sealer_of(keys).seal(Right.GENERATE, {HERE: PLAIN})
    opener = opener_of(keys, Right.GENERATE)
    blob = bytearray(sealed[HERE])
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    code_of(opener, key, HERE, bytes(blob))
    wrapped = bytearray(key.wrapped)
    bit = data.draw(st.integers(0, len(wrapped) * 8 - 1))
    wrapped[bit // 8] ^= 1 << bit % 8
    altered = replace(key, wrapped=bytes(wrapped))
    # RFC 7748 section 5: the top bit of an X25519 point is ignored; RFC 9180 binds the bytes.
    assert code_of(opener, altered, HERE, sealed[HERE]) == "wrapped_key_altered"


@pytest.mark.parametrize("length", range(0, 90, 3))
def test_a_blob_cut_short_does_not_open(keys: Path, length: int) -> None:
    key, sealed = sealer_of(keys).seal(Right.GENERATE, {HERE: PLAIN})
    opener = opener_of(keys, Right.GENERATE)
    assert length < len(sealed[HERE])
    code = code_of(opener, key, HERE, sealed[HERE][:length])
    assert code in {"not_sealed", "cut_short", "moved_or_altered"}
    cut = replace(key, wrapped=key.wrapped[:length])
    if length < len(key.wrapped):
        assert code_of(opener, cut, HERE, sealed[HERE]) == "wrapped_key_altered"


def test_plaintext_in_place_of_a_blob_is_not_passed_through(keys: Path) -> None:
    key, _ = sealer_of(keys).seal(Right.GENERATE, {HERE: PLAIN})
    assert code_of(opener_of(keys, Right.GENERATE), key, HERE, PLAIN) == "not_sealed"


def test_a_process_without_private_files_opens_nothing(keys: Path) -> None:
    key, sealed = sealer_of(keys).seal(Right.GENERATE, {HERE: PLAIN})
    assert code_of(HpkeOpener.from_files({}), key, HERE, sealed[HERE]) == "no_private_half"


def test_public_files_do_not_serve_as_private_ones(keys: Path) -> None:
    with pytest.raises(BadInput):
        HpkeOpener.from_files({Right.GENERATE: public_file(keys, Right.GENERATE)})


def test_the_sealer_holds_nothing_that_opens(keys: Path) -> None:
    sealer = sealer_of(keys)
    sealer.seal(Right.GENERATE, {HERE: PLAIN})
    assert not hasattr(sealer, "open")
    for live in sealer._keys.values():
        assert all(not hasattr(half.key, "private_bytes_raw") for half in live.halves())


@pytest.mark.parametrize(
    ("held", "needed"), [(Right.GENERATE, Right.EXECUTE), (Right.EXECUTE, Right.GENERATE)]
)
def test_one_right_does_not_open_the_other(keys: Path, held: Right, needed: Right) -> None:
    key, sealed = sealer_of(keys).seal(needed, {HERE: PLAIN})
    assert code_of(opener_of(keys, held), key, HERE, sealed[HERE]) == "no_private_half"


def test_another_installation_opens_nothing(keys: Path, own_keys: Path) -> None:
    key, sealed = sealer_of(own_keys).seal(Right.EXECUTE, {HERE: PLAIN})
    opener = opener_of(keys, Right.EXECUTE)
    assert code_of(opener, key, HERE, sealed[HERE]) == "unknown_key"
    claimed = replace(key, key_id=sealer_of(keys).key_id(Right.EXECUTE))
    assert code_of(opener, claimed, HERE, sealed[HERE]) == "wrapped_key_altered"


def test_sealing_twice_shares_no_key_nonce_or_ciphertext(keys: Path) -> None:
    sealer = sealer_of(keys)
    (one, a), (two, b) = (sealer.seal(Right.EXECUTE, {HERE: PLAIN}) for _ in range(2))
    assert one.id != two.id
    opener = opener_of(keys, Right.EXECUTE)
    assert opener.unwrap(one) != opener.unwrap(two)
    assert one.wrapped != two.wrapped
    head = 4 + 32
    assert a[HERE][head : head + 12] != b[HERE][head : head + 12]
    assert a[HERE][head + 12 :] != b[HERE][head + 12 :]


def test_the_stored_bytes_hold_no_plaintext(keys: Path) -> None:
    key, sealed = sealer_of(keys).seal(Right.EXECUTE, {HERE: PLAIN})
    assert b"MARKER" not in sealed[HERE] + key.wrapped
    assert sealed[HERE].startswith(b"PB1\x20" + key.id.encode())
    assert len(sealed[HERE]) == 4 + 32 + 12 + len(PLAIN) + 16


def test_nothing_to_seal_is_refused(keys: Path) -> None:
    with pytest.raises(BadInput, match="nothing to seal"):
        sealer_of(keys).seal(Right.EXECUTE, {})


def test_a_name_that_is_no_unicode_is_refused_without_content(keys: Path) -> None:
    with pytest.raises(BadInput, match="lone surrogate") as caught:
        sealer_of(keys).seal(Right.EXECUTE, {replace(HERE, row="\ud800"): PLAIN})
    assert caught.value.__context__ is None


def test_sealing_for_a_right_without_a_public_half_names_the_setting(keys: Path) -> None:
    sealer = HpkeSealer.from_files({Right.GENERATE: public_file(keys, Right.GENERATE)})
    with pytest.raises(MissingPart, match="SEAL_EXECUTE_KEY_FILE"):
        sealer.seal(Right.EXECUTE, {HERE: PLAIN})


def test_an_opener_shows_its_rights_only_and_is_never_pickled(keys: Path) -> None:
    opener = opener_of(keys, *Right)
    assert repr(opener) == "HpkeOpener(execute, generate)"
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(opener)
    assert copy.copy(opener) is opener


def test_an_unwrapped_data_key_does_not_show_itself(keys: Path) -> None:
    key, sealed = sealer_of(keys).seal(Right.EXECUTE, {HERE: PLAIN})
    opener = opener_of(keys, Right.EXECUTE)
    assert repr(opener.unwrap(key)) == "<sealed>"
    assert opener.open_secret(key, HERE, sealed[HERE]).reveal() == PLAIN


def test_both_doors_keep_the_contract(keys: Path) -> None:
    sealer: base.Sealer = sealer_of(keys)
    opener: base.Opener = opener_of(keys, Right.GENERATE)
    key, sealed = sealer.seal(Right.GENERATE, {HERE: PLAIN})
    assert opener.open(key, HERE, memoryview(sealed[HERE])) == PLAIN  # type: ignore[arg-type]
