"""The signing key is made once and refused when others could use it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchserver.core.errors import BadInput, MissingPart
from benchserver.engines.signing import files
from benchserver.engines.signing.files import ensure_signing_key, load_signing_key, replace_durably


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = ensure_signing_key(tmp_path / "keys")
    first = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert ensure_signing_key(tmp_path / "keys") == path
    assert path.read_bytes() == first
    assert [found.name for found in path.parent.iterdir()] == ["signing.key"]


def test_two_folders_get_two_keys(tmp_path: Path) -> None:
    one, two = (load_signing_key(ensure_signing_key(tmp_path / name)) for name in "ab")
    assert one.public_key() != two.public_key()


def test_an_interrupted_creation_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        ensure_signing_key(tmp_path)
    monkeypatch.undo()
    assert load_signing_key(ensure_signing_key(tmp_path))
    assert [found.name for found in tmp_path.iterdir()] == ["signing.key"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_root_can_give_the_key_to_the_signer(tmp_path: Path) -> None:
    path = ensure_signing_key(tmp_path / "keys", owner=(4321, 4322))
    found = path.stat()
    assert (found.st_uid, found.st_gid) == (4321, 4322)


@pytest.mark.parametrize("mode", [0o444, 0o440, 0o602])
def test_a_key_open_to_others_is_refused_with_the_chmod(tmp_path: Path, mode: int) -> None:
    path = ensure_signing_key(tmp_path)
    path.chmod(mode)
    with pytest.raises(BadInput) as caught:
        load_signing_key(path)
    assert caught.value.mend == f"Run: chmod 400 {path}"


def test_a_missing_key_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match="SIGNING_KEY_FILE"):
        load_signing_key(tmp_path / "signing.key")


@pytest.mark.parametrize("kind", ["rubbish", "other algorithm", "empty"])
def test_what_is_no_ed25519_key_is_refused(tmp_path: Path, kind: str) -> None:
    other = X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    content = {"rubbish": b"MARKER\n", "other algorithm": other, "empty": b""}[kind]
    path = tmp_path / "signing.key"
    replace_durably(path, content, mode=0o400)
    with pytest.raises(BadInput, match="not an unencrypted Ed25519") as caught:
        load_signing_key(path)
    assert "MARKER" not in str(caught.value)


def test_file_and_folder_are_flushed_around_the_replacement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = []
    sync, replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        events.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def replaced(source: Path, target: Path) -> None:
        events.append("replace")
        replace(source, target)

    monkeypatch.setattr(files.os, "fsync", fsync)
    monkeypatch.setattr(files.os, "replace", replaced)
    replace_durably(tmp_path / "state", b"x")
    assert events == ["file", "replace", "folder"]


def test_a_key_of_another_user_is_said_to_be_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files, "open", denied, raising=False)
    with pytest.raises(MissingPart, match=f"chown {os.geteuid()}"):
        load_signing_key(tmp_path / "signing.key")
