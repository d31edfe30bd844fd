"""How a container's end is read: the kernel's word first, the program's own only against it."""

from __future__ import annotations

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending
from benchserver.engines.sandbox.docker.endings import Death, Usage, result_of

REQUEST = BoxRequest(argv=("/bin/true",), cpu_seconds=1.0, output_bytes=4)


def ended(usage: Usage | None = None, **death: object) -> BoxResult:
    facts = {"verdict": None, "stopped": False, "failure": "", "code": 0, "stderr": b"", **death}
    found = Death(**facts)  # type: ignore[arg-type]
    return result_of(REQUEST, found, usage or Usage(), stdout=b"abcdef", wall=1.0)


def test_an_exit_is_told_with_its_status_and_a_signal_with_its_number() -> None:
    assert (ended(code=7).ending, ended(code=7).exit_code) == (Ending.EXITED, 7)
    assert (ended(code=139).ending, ended(code=139).exit_code) == (Ending.SIGNALLED, 11)
    assert ended().stdout == b"abcd"


def test_a_kill_after_the_cpu_limit_is_the_limit() -> None:
    assert ended(code=152).ending is Ending.CPU_LIMIT
    assert ended(Usage(cpu_seconds=1.1), code=137).ending is Ending.CPU_LIMIT
    assert ended(Usage(cpu_seconds=0.1), code=137).ending is Ending.SIGNALLED


def test_out_of_memory_outranks_how_the_program_says_it_ended_but_not_why_we_stopped_it() -> None:
    full = Usage(out_of_memory=True)
    assert ended(full, code=0).ending is Ending.MEMORY_LIMIT
    assert ended(full, stopped=True, code=None).ending is Ending.MEMORY_LIMIT
    assert ended(full, verdict=Ending.OUTPUT_LIMIT).ending is Ending.OUTPUT_LIMIT


def test_pythons_own_memory_error_counts_only_when_it_failed() -> None:
    assert ended(code=1, stderr=b"Trace\nMemoryError\n").ending is Ending.MEMORY_LIMIT
    assert ended(code=0, stderr=b"MemoryError").ending is Ending.EXITED


def test_a_program_that_never_began_is_our_fault_and_says_why() -> None:
    with pytest.raises(PlatformFault, match="exec: errno 2"):
        ended(failure="exec: errno 2", code=127)


def test_a_container_killed_from_outside_is_nobodys_verdict() -> None:
    killed = Usage().after_death({"ExitCode": 137, "OOMKilled": False})
    with pytest.raises(PlatformFault, match="something outside"):
        ended(killed, code=None)
    with pytest.raises(PlatformFault, match="something outside"):
        ended(Usage().after_death({}), code=None)


def test_a_kernel_of_its_own_that_broke_down_is_the_programs_end() -> None:
    assert ended(Usage().after_death({"ExitCode": 2}), code=None).ending is Ending.SIGNALLED
    starved = Usage(refused_processes=True).after_death({"ExitCode": 137})
    assert ended(starved, code=None).ending is Ending.SIGNALLED
    full = Usage().after_death({"ExitCode": 137, "OOMKilled": True})
    assert ended(full, code=None).ending is Ending.MEMORY_LIMIT
