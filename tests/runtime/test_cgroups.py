"""Root gives the worker a subtree of its own, and takes it back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchserver.runtime.account import service_account
from benchserver.runtime.cgroups import CONTROLLERS, MOUNT, delegate

VERSION_1 = all((MOUNT / name / "cgroup.procs").exists() for name in CONTROLLERS)
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a cgroup away")


@AS_ROOT
@pytest.mark.skipif(not VERSION_1, reason="this machine has no cgroup v1 controllers")
def test_the_service_account_limits_memory_inside_its_subtree_and_it_is_removed():
    account = service_account()
    given = delegate(f"benchserver-test-{os.getpid()}", account)
    assert given
    try:
        top = MOUNT / "memory" / given.name
        script = (
            f"mkdir {top}/slot && echo 67108864 > {top}/slot/memory.limit_in_bytes"
            f" && echo $$ > {top}/slot/cgroup.procs && cat {top}/slot/memory.limit_in_bytes"
        )
        answer = subprocess.run(
            ["/bin/sh", "-c", script], capture_output=True, text=True, **account.popen()
        )
        assert answer.stdout == "67108864\n", answer.stderr
        raise_own = subprocess.run(
            ["/bin/sh", "-c", f"echo 1 > {top}/memory.limit_in_bytes"],
            capture_output=True,
            **account.popen(),
        )
        assert raise_own.returncode != 0
    finally:
        given.remove()
        given.remove()
    assert not any(folder.exists() for folder in given.folders)


@AS_ROOT
def test_version_2_gives_folder_and_leaf_with_the_controllers_on(tmp_path: Path):
    """The file operations of version 2, on a plain folder that looks like its mount."""
    (tmp_path / "cgroup.controllers").write_text("memory pids cpu")
    given = delegate("benchserver-x", service_account(), mount=tmp_path)
    assert given
    assert given.leaf == tmp_path / "benchserver-x" / "worker"
    for path in (tmp_path, tmp_path / "benchserver-x"):
        assert (path / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    assert given.leaf.stat().st_uid == service_account().uid


def test_a_machine_without_cgroups_gives_none(tmp_path: Path):
    assert delegate("benchserver-x", service_account(), mount=tmp_path) is None
