"""Version 2 cannot be had everywhere, so its directory is imitated; version 1 runs for real in
the contract tests where the machine has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.engines.sandbox import cgroup


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    folder = tmp_path / "benchserver"
    folder.mkdir()
    return folder


def test_version_2_gets_its_limits_and_tells_its_usage(parent: Path) -> None:
    slot = parent / "slot-3"
    slot.mkdir()
    for name in ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cgroup.procs"):
        (slot / name).write_text("")
    (slot / "cgroup.kill").write_text("")
    (slot / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1000000\n")
    (slot / "memory.peak").write_text("4096\n")
    (slot / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    group = cgroup._V2(parent).enter(slot=3, memory_bytes=1000, processes=7)
    assert (slot / "memory.max").read_text() == "1000"
    assert (slot / "pids.max").read_text() == "7"
    assert (slot / "memory.oom.group").read_text() == "1"
    assert group.entrances() == (str(slot / "cgroup.procs"),)
    assert group.usage() == cgroup.Usage(cpu_seconds=1.5, memory_peak=4096, out_of_memory=True)


def test_an_ordinary_user_without_a_delegated_subtree_has_no_cgroup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cgroup.os, "geteuid", lambda: 1000)
    monkeypatch.delenv(cgroup.ENV_SUBTREE, raising=False)
    assert cgroup.find_hierarchy() is None
