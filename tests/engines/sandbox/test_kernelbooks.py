"""The books of control groups are read as the kernel writes them; a group that is gone has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.engines.sandbox import kernelbooks


def test_the_mounts_are_read_as_the_kernel_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
        "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n"
        "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda self: text)
    mounts = kernelbooks.mounts()
    assert mounts["memory"] == Path("/sys/fs/cgroup/memory")
    assert mounts["cpuacct"] == mounts["cpu"] == Path("/sys/fs/cgroup/cpu,cpuacct")
    assert mounts[""] == Path("/sys/fs/cgroup/unified")


def test_files_tell_numbers_fields_and_members(tmp_path: Path) -> None:
    (tmp_path / "usage").write_text("1500\n")
    (tmp_path / "limit").write_text("max\n")
    (tmp_path / "events").write_text("low 0\noom_kill 2\noom_kill_of max\n")
    (tmp_path / "cgroup.procs").write_text("7\n12\n")
    assert kernelbooks.number(tmp_path / "usage") == 1500
    assert kernelbooks.number(tmp_path / "limit") == 0
    assert kernelbooks.field(tmp_path / "events", "oom_kill") == 2
    assert kernelbooks.field(tmp_path / "events", "oom") == 0
    assert kernelbooks.members(tmp_path / "cgroup.procs") == (7, 12)


def test_a_group_that_is_gone_has_nothing_in_it(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert kernelbooks.number(gone) == kernelbooks.field(gone, "oom_kill") == 0
    assert kernelbooks.members(gone) == ()
