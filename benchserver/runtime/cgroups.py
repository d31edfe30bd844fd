"""Who may limit the memory of a sandbox? Root, so root prepares one subtree and gives it away.

Before the execute worker drops to the service account, a cgroup is made for it and handed over;
its name goes to the worker as ``BENCH_CGROUP``. On cgroup v1 that is one folder per controller, on
v2 one folder with the controllers enabled and the worker in a leaf of it (v2 lets an account move a
process only inside its own subtree). An ordinary user has none: the sandbox then says ``rlimits``.
Example: ``delegate("benchserver-1f2e3d4c", account)`` -> ``Delegation`` or ``None``.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchserver.runtime.account import Account

MOUNT = Path("/sys/fs/cgroup")
CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")  # v1 names; v2 has no cpuacct


@dataclass(frozen=True, slots=True)
class Delegation:
    """The folders given away; ``leaf`` is where the worker itself belongs (v2 only)."""

    name: str
    folders: tuple[Path, ...]
    leaf: Path | None

    def enter(self, pid: int) -> None:
        """Put the worker into its leaf; on v1 it may stay where it is."""
        if self.leaf:
            (self.leaf / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Remove the subtree; what still lives in it is killed. Idempotent."""
        for folder in self.folders:
            for each in (*_below(folder), folder):
                _remove(each)


def delegate(name: str, account: Account, *, mount: Path = MOUNT) -> Delegation | None:
    """Make the subtree ``name`` for ``account``; ``None`` when this machine or user cannot."""
    if os.geteuid() != 0:
        return None
    version_2 = (mount / "cgroup.controllers").exists()
    with contextlib.suppress(OSError):
        return _version_2(name, account, mount) if version_2 else _version_1(name, account, mount)
    return None


def _version_1(name: str, account: Account, mount: Path) -> Delegation | None:
    if not all((mount / controller / "cgroup.procs").exists() for controller in CONTROLLERS):
        return None
    folders = tuple(mount / controller / name for controller in CONTROLLERS)
    for folder in folders:
        folder.mkdir(exist_ok=True)
        _give(folder, account)
    return Delegation(name, folders, None)


def _version_2(name: str, account: Account, mount: Path) -> Delegation:
    (mount / "cgroup.subtree_control").write_text("+memory +pids +cpu")
    folder, leaf = mount / name, mount / name / "worker"
    leaf.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.subtree_control").write_text("+memory +pids +cpu")
    for each in (folder, leaf):
        _give(each, account)
    return Delegation(name, (folder,), leaf)


def _give(folder: Path, account: Account) -> None:
    """The folder and the files that move processes; limits of the top stay root's."""
    for path in (
        folder,
        *(folder / name for name in ("cgroup.procs", "tasks", "cgroup.subtree_control")),
    ):
        if path.exists():
            os.chown(path, account.uid, account.gid)


def _below(folder: Path) -> Iterator[Path]:
    """Sub-cgroups, deepest first."""
    found = [Path(top) for top, _, _ in os.walk(folder)]
    yield from sorted(found[1:], key=lambda path: len(path.parts), reverse=True)


def _remove(folder: Path) -> None:
    for _ in range(50):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            _kill_inside(folder)
            time.sleep(0.02)
        else:
            return


def _kill_inside(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), 9)
