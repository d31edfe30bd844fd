"""The probe's attacks are real: without a box they succeed, and a box that leaks is refused."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchserver.core.errors import BadInput, MissingPart, PlatformFault
from benchserver.engines.sandbox import probe
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Level
from benchserver.engines.sandbox.registry import open_sandbox

HELD = dict.fromkeys(probe._MANDATORY)


class _Engine:
    """Answers the five attacks as an engine with one leak would."""

    name = "leaky"
    level = Level.FULL

    def __init__(self, found: dict[str, object], **endings: BoxResult) -> None:
        self._found = found
        self._endings = endings

    def run(self, request: BoxRequest, *, stdin: bytes = b"") -> BoxResult:
        script = request.files["probe.py"].decode()
        if script == probe._ATTACKS:
            return _result(stdout=json.dumps(self._found).encode())
        if script == probe._DAEMON:
            return self._endings.get("daemon", _result(stdout=b"left\n"))
        if script == probe._FLOOD:
            return self._endings.get("flood", _result(Ending.OUTPUT_LIMIT))
        if script == probe._FORK:
            return self._endings.get("forks", _result(stdout=b"14\n"))
        return self._endings.get("memory", _result(Ending.MEMORY_LIMIT))


def _result(ending: Ending = Ending.EXITED, *, stdout: bytes = b"") -> BoxResult:
    return BoxResult(
        ending=ending,
        exit_code=0,
        stdout=stdout,
        stderr=b"",
        cpu_seconds=0,
        wall_seconds=0,
        memory_bytes=0,
    )


def _level(engine: _Engine) -> Level:
    return probe.attack(engine, expected=Level.FULL)[1]  # type: ignore[arg-type]


def test_the_attacks_succeed_where_nothing_stops_them() -> None:
    bare = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            probe._ATTACKS.replace("64 MiB", "").replace("range(64)", "()"),
        ],
        capture_output=True,
        check=True,
        env={"SECRET": "1", "PATH": "/usr/bin:/bin"},
    )
    found = json.loads(bare.stdout)
    assert found["open_sockets"]
    assert found["read_environment"]
    assert found["fill_shm"] is not None


def test_a_box_that_holds_is_full() -> None:
    assert _level(_Engine(HELD)) is Level.FULL


@pytest.mark.parametrize("name", sorted(probe._MANDATORY))
def test_one_leak_of_a_mandatory_guarantee_refuses_the_engine(name: str) -> None:
    with pytest.raises(MissingPart, match=name):
        _level(_Engine({**HELD, name: "it leaked"}))


@pytest.mark.parametrize("name", sorted(probe._MANDATORY))
def test_an_attack_without_an_answer_counts_as_a_leak(name: str) -> None:
    with pytest.raises(MissingPart, match=name):
        _level(_Engine({key: value for key, value in HELD.items() if key != name}))


def test_a_surviving_daemon_or_an_endless_output_refuses_the_engine() -> None:
    with pytest.raises(MissingPart, match="daemon"):
        _level(_Engine(HELD, daemon=_result(Ending.IDLE_LIMIT)))
    with pytest.raises(MissingPart, match="output"):
        _level(_Engine(HELD, flood=_result(Ending.EXITED)))


def test_without_bounds_on_the_whole_box_the_level_is_rlimits() -> None:
    assert _level(_Engine(HELD, forks=_result(stdout=b"100\n"))) is Level.RLIMITS
    assert _level(_Engine(HELD, forks=_result(stdout=b""))) is Level.RLIMITS
    assert _level(_Engine(HELD, memory=_result(stdout=b"8\n"))) is Level.RLIMITS


def test_a_box_that_dies_of_its_processes_has_bounded_them() -> None:
    assert _level(_Engine(HELD, forks=_result(Ending.SIGNALLED))) is Level.FULL


def test_a_box_that_does_not_start_names_the_mend() -> None:
    class _Broken(_Engine):
        def run(self, request: BoxRequest, *, stdin: bytes = b"") -> BoxResult:
            raise PlatformFault("box_start", "bwrap: setting up uid map: Permission denied")

    with pytest.raises(MissingPart, match="apparmor"):
        _level(_Broken(HELD))


def test_an_unknown_engine_is_the_callers_mistake() -> None:
    with pytest.raises(BadInput, match="auto, bubblewrap"):
        open_sandbox("chroot")
