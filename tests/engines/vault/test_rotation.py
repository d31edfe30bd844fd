"""Changing key pairs while everything keeps running."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.errors import NotAllowed
from benchserver.engines.vault import rotation
from benchserver.engines.vault.base import CannotOpen, Context, Right
from benchserver.engines.vault.keyring import (
    ensure_keys,
    load_private,
    load_public,
    private_file,
    public_file,
)
from benchserver.engines.vault.rotation import forget_old_keys, rewrap, rotate_key
from tests.engines.vault.conftest import opener_of, sealer_of

HERE = Context(table="task", row="7", field="tests")
RIGHT = Right.EXECUTE


def test_a_rotation_under_running_processes_loses_nothing(own_keys: Path) -> None:
    sealer, opener = sealer_of(own_keys), opener_of(own_keys, RIGHT)
    old, old_sealed = sealer.seal(RIGHT, {HERE: b"before"})

    new_id = rotate_key(own_keys, RIGHT)
    new, new_sealed = sealer.seal(RIGHT, {HERE: b"after"})
    assert (new.key_id, sealer.key_id(RIGHT)) == (new_id, new_id)
    assert old.key_id != new_id
    assert opener.open(old, HERE, old_sealed[HERE]) == b"before"
    assert opener.open(new, HERE, new_sealed[HERE]) == b"after"

    moved = rewrap(old, opener, sealer)
    assert (moved.id, moved.right, moved.key_id) == (old.id, RIGHT, new_id)
    assert forget_old_keys(own_keys, RIGHT) == (old.key_id,)
    assert opener.open(moved, HERE, old_sealed[HERE]) == b"before"
    with pytest.raises(CannotOpen, match="unknown_key"):
        opener.open(old, HERE, old_sealed[HERE])


def test_processes_started_later_see_the_same(own_keys: Path) -> None:
    old, sealed = sealer_of(own_keys).seal(RIGHT, {HERE: b"before"})
    rotate_key(own_keys, RIGHT)
    rotate_key(own_keys, RIGHT)
    assert opener_of(own_keys, RIGHT).open(old, HERE, sealed[HERE]) == b"before"
    assert len(forget_old_keys(own_keys, RIGHT)) == 2
    with pytest.raises(CannotOpen, match="unknown_key"):
        opener_of(own_keys, RIGHT).open(old, HERE, sealed[HERE])


def test_rewrapping_twice_changes_nothing_more(own_keys: Path) -> None:
    sealer, opener = sealer_of(own_keys), opener_of(own_keys, RIGHT)
    old, _ = sealer.seal(RIGHT, {HERE: b"x"})
    rotate_key(own_keys, RIGHT)
    moved = rewrap(old, opener, sealer)
    assert rewrap(moved, opener, sealer) is moved


def test_rewrapping_needs_the_private_half(own_keys: Path) -> None:
    sealer = sealer_of(own_keys)
    old, _ = sealer.seal(RIGHT, {HERE: b"x"})
    rotate_key(own_keys, RIGHT)
    with pytest.raises(CannotOpen, match="no_private_half"):
        rewrap(old, opener_of(own_keys, Right.GENERATE), sealer)


def test_a_rotation_leaves_modes_and_the_other_right_alone(own_keys: Path) -> None:
    other = private_file(own_keys, Right.GENERATE).read_bytes()
    rotate_key(own_keys, RIGHT)
    assert private_file(own_keys, Right.GENERATE).read_bytes() == other
    assert private_file(own_keys, RIGHT).stat().st_mode & 0o777 == 0o400
    assert public_file(own_keys, RIGHT).stat().st_mode & 0o777 == 0o444
    before = private_file(own_keys, RIGHT).read_bytes()
    ensure_keys(own_keys)
    assert private_file(own_keys, RIGHT).read_bytes() == before


def test_a_rotation_that_was_cut_off_is_finished_not_repeated(
    own_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer, opener = sealer_of(own_keys), opener_of(own_keys, RIGHT)
    real = rotation.replace

    def replace(path: Path, text: str) -> None:
        if path.suffix == ".pub":
            raise KeyboardInterrupt
        real(path, text)

    monkeypatch.setattr(rotation, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        rotate_key(own_keys, RIGHT)
    monkeypatch.undo()

    key, sealed = sealer.seal(RIGHT, {HERE: b"in between"})
    with pytest.raises(NotAllowed, match="cut off"):
        forget_old_keys(own_keys, RIGHT)
    assert opener.open(key, HERE, sealed[HERE]) == b"in between"

    halves = load_private(private_file(own_keys, RIGHT), RIGHT)
    assert rotate_key(own_keys, RIGHT) == halves[0].id
    assert len(load_private(private_file(own_keys, RIGHT), RIGHT)) == 2
    assert load_public(public_file(own_keys, RIGHT), RIGHT)[0].id == halves[0].id
