"""Two graders on one machine never share a slot, so never a uid."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchserver.engines.sandbox import slots
from benchserver.engines.sandbox.slots import SlotPool


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_base", lambda uid: tmp_path)


def test_a_slot_is_used_again_but_never_twice_at_once() -> None:
    pool = SlotPool()
    first, second = pool.take(), pool.take()
    assert first.number != second.number
    pool.give_back(first)
    assert pool.take() == first
    pool.close()


def test_two_pools_never_hold_the_same_slot() -> None:
    one, other = SlotPool(), SlotPool()
    held = {one.take().number, one.take().number, other.take().number, other.take().number}
    assert len(held) == 4
    one.close()
    other.close()


def test_another_process_cannot_take_a_held_slot(tmp_path: Path) -> None:
    pool = SlotPool()
    taken = pool.take()
    script = (
        "import pathlib, sys\n"
        "from benchserver.engines.sandbox import slots\n"
        "slots._base = lambda uid: pathlib.Path(sys.argv[1])\n"
        "print(slots.SlotPool().take().number)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    root = Path(slots.__file__).parents[3]
    found = subprocess.run(command, capture_output=True, check=True, cwd=root)
    assert int(found.stdout) != taken.number
    pool.close()


def test_a_forked_worker_does_not_use_its_parents_slots() -> None:
    pool = SlotPool()
    used, spare = pool.take(), pool.take()
    pool.give_back(spare)
    pid = os.fork()
    if pid == 0:
        os._exit(pool.take().number)
    number = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert number not in (used.number, spare.number)
    pool.close()


def test_closing_frees_the_slots() -> None:
    pool = SlotPool()
    number = pool.take().number
    pool.close()
    other = SlotPool()
    assert other.take().number == number
    other.close()


def test_root_gives_each_box_an_unprivileged_uid_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = SlotPool()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert pool.take().uid == slots.FIRST_UID
    assert pool.take().uid == slots.FIRST_UID + 1
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert pool.take().uid is None
    monkeypatch.undo()
    pool.close()
