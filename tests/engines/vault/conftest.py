"""Keys of a fresh folder, and the doors to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.engines.vault.base import Right
from benchserver.engines.vault.keyring import ensure_keys, private_file, public_file
from benchserver.engines.vault.opener import HpkeOpener
from benchserver.engines.vault.sealer import HpkeSealer


def sealer_of(folder: Path) -> HpkeSealer:
    return HpkeSealer.from_files({right: public_file(folder, right) for right in Right})


def opener_of(folder: Path, *rights: Right) -> HpkeOpener:
    return HpkeOpener.from_files({right: private_file(folder, right) for right in rights})


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key folder that no test changes."""
    folder = tmp_path_factory.mktemp("keys")
    ensure_keys(folder)
    return folder


@pytest.fixture
def own_keys(tmp_path: Path) -> Path:
    """A key folder of this test alone."""
    ensure_keys(tmp_path / "keys")
    return tmp_path / "keys"
