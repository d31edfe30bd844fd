"""Key files: created once, whole or not at all, and refused when others could read them."""

from __future__ import annotations

import copy
import fcntl
import os
import pickle
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from benchserver.core.errors import BadInput, MissingPart
from benchserver.engines.vault import keyfiles
from benchserver.engines.vault.base import Right
from benchserver.engines.vault.keyring import (
    ensure_keys,
    key_id,
    load_private,
    load_public,
    private_file,
    public_file,
    read_secret,
)

PRIVATE = ["open_generate.key", "open_execute.key", "secret.key"]
PUBLIC = ["seal_generate.pub", "seal_execute.pub"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_fresh_folder_gets_five_files_with_their_modes(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ensure_keys(folder)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys(PRIVATE, 0o400) | dict.fromkeys(PUBLIC, 0o444)


def test_the_modes_hold_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ensure_keys(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "open_execute.key").stat().st_mode) == 0o400


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    before = contents(tmp_path)
    ensure_keys(tmp_path)
    assert contents(tmp_path) == before


def test_every_folder_gets_keys_of_its_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        ensure_keys(tmp_path / name)
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert all(a[name] != b[name] for name in a)
    assert a["open_generate.key"].split()[3] != a["open_execute.key"].split()[3]


def test_both_halves_carry_the_same_id(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    for right in Right:
        (public,) = load_public(public_file(tmp_path, right), right)
        (private,) = load_private(private_file(tmp_path, right), right)
        assert public.id == private.id
        assert len(public.id) == 16


@pytest.mark.parametrize("cut_at", range(1, 6))
def test_an_interrupted_creation_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_at: int
) -> None:
    class Killed(BaseException):
        pass

    real, calls = os.link, 0

    def link(draft: Path, path: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == cut_at:
            raise Killed
        real(draft, path)

    monkeypatch.setattr(keyfiles.os, "link", link)
    # A kill runs no clean-up either: the draft stays.
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    with pytest.raises(Killed):
        ensure_keys(tmp_path)
    monkeypatch.undo()
    kept = {name: data for name, data in contents(tmp_path).items() if not name.startswith(".")}
    ensure_keys(tmp_path)
    after = contents(tmp_path)
    assert set(after) == {*PRIVATE, *PUBLIC}
    assert {name: after[name] for name in kept} == kept
    for right in Right:
        assert (
            load_public(public_file(tmp_path, right), right)[0].id
            == load_private(private_file(tmp_path, right), right)[0].id
        )


def test_a_lost_private_half_is_not_silently_replaced(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    (tmp_path / "open_execute.key").unlink()
    with pytest.raises(MissingPart, match=r"Restore open_execute\.key from the key backup"):
        ensure_keys(tmp_path)
    assert not (tmp_path / "open_execute.key").exists()


@pytest.mark.parametrize("mode", [0o444, 0o404, 0o440, 0o620, 0o602])
def test_a_private_file_open_to_others_is_refused_with_the_chmod(tmp_path: Path, mode: int) -> None:
    ensure_keys(tmp_path)
    path = private_file(tmp_path, Right.GENERATE)
    path.chmod(mode)
    with pytest.raises(BadInput) as caught:
        load_private(path, Right.GENERATE)
    assert caught.value.mend == f"Run: chmod 400 {path}"
    (tmp_path / "secret.key").chmod(mode)
    with pytest.raises(BadInput, match="chmod 400"):
        read_secret(tmp_path / "secret.key")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize(("mode", "accepted"), [(0o440, True), (0o444, False), (0o460, False)])
def test_a_secret_mounted_by_another_user_may_be_group_readable(
    tmp_path: Path, mode: int, accepted: bool
) -> None:
    ensure_keys(tmp_path, owner=(4321, 4321))
    path = private_file(tmp_path, Right.GENERATE)
    assert (path.stat().st_uid, path.stat().st_gid) == (4321, 4321)
    path.chmod(mode)
    if accepted:
        assert load_private(path, Right.GENERATE)
    else:
        with pytest.raises(BadInput):
            load_private(path, Right.GENERATE)


def test_a_missing_file_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match=r"open_generate\.key is missing"):
        load_private(private_file(tmp_path, Right.GENERATE), Right.GENERATE)


def test_halves_and_rights_cannot_be_mixed_up(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    with pytest.raises(BadInput, match="open_execute is needed"):
        load_private(private_file(tmp_path, Right.GENERATE), Right.EXECUTE)
    with pytest.raises(BadInput, match="seal_generate is needed"):
        load_public(private_file(tmp_path, Right.GENERATE), Right.GENERATE)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda line: "", "no key in the file"),
        (lambda line: line.replace("PBK1", "PBK9"), "not a key line of version PBK1"),
        (lambda line: line.replace("=", ""), "not 32 bytes in base64"),
        (lambda line: line[:30] + "é" + line[31:], "not a text file"),
        (lambda line: line.replace(line.split()[2], "0" * 16), "do not belong together"),
        (lambda line: line + "rubbish", "not a key line"),
    ],
)
def test_a_malformed_file_is_refused_without_repeating_it(
    tmp_path: Path, change: object, problem: str
) -> None:
    ensure_keys(tmp_path)
    path = private_file(tmp_path, Right.GENERATE)
    line = path.read_text()
    key = line.split()[3]
    path.chmod(0o600)
    path.write_text(change(line), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(BadInput, match=problem) as caught:
        load_private(path, Right.GENERATE)
    assert key[:20] not in str(caught.value)
    assert caught.value.mend


def test_the_secret_is_long_and_read_as_one_line(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    secret = read_secret(tmp_path / "secret.key")
    assert len(secret) >= 80
    assert secret == secret.strip()
    (tmp_path / "secret.key").chmod(0o600)
    (tmp_path / "secret.key").write_text("short\n")
    with pytest.raises(BadInput, match="shorter than 50"):
        read_secret(tmp_path / "secret.key")


def test_a_private_half_shows_its_id_only_and_stays_in_the_process(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    path = private_file(tmp_path, Right.GENERATE)
    (half,) = load_private(path, Right.GENERATE)
    assert repr(half) == f"PrivateHalf({half.id})"
    with pytest.raises(TypeError):
        pickle.dumps(half)
    assert copy.deepcopy([half])[0] is half


def test_a_key_id_is_the_start_of_sha256_of_the_public_key() -> None:
    raw = bytes(range(32))
    key = X25519PublicKey.from_public_bytes(raw)
    assert key_id(key) == "630dcd2966c43366"  # printf of the 32 bytes | sha256sum


def test_a_file_of_another_user_is_said_to_be_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(keyfiles, "open", denied, raising=False)
    with pytest.raises(MissingPart, match=f"chown {os.geteuid()}"):
        load_private(private_file(tmp_path, Right.GENERATE), Right.GENERATE)


def test_only_one_process_at_a_time_writes_a_key_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, held = os.link, []

    def link(draft: Path, path: Path) -> None:
        other = os.open(tmp_path, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(path.name)
        finally:
            os.close(other)
        real(draft, path)

    monkeypatch.setattr(keyfiles.os, "link", link)
    ensure_keys(tmp_path)
    assert len(held) == 5


def test_a_file_that_appears_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def link(draft: Path, path: Path) -> None:
        if path.name == "secret.key":
            path.write_text("restored from a backup\n")
        real(draft, path)

    monkeypatch.setattr(keyfiles.os, "link", link)
    ensure_keys(tmp_path)
    assert (tmp_path / "secret.key").read_text() == "restored from a backup\n"
