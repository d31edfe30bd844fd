"""The filter, run through a small BPF machine: what it answers to which call."""

from __future__ import annotations

import struct

import pytest

from benchserver.core.errors import MissingPart
from benchserver.engines.sandbox import seccomp

ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
X86, ARM = 0xC000003E, 0xC00000B7
AF_INET, AF_UNIX, AF_VSOCK = 2, 1, 40


def answer(machine: str, arch: int, number: int, *args: int) -> int:
    """What the kernel would be told; follows the classic BPF instructions one by one."""
    data = struct.pack("=IIQ6Q", number, arch, 0, *(*args, *[0] * (6 - len(args))))
    code = seccomp.program(machine)
    lines = [struct.unpack_from("=HBBI", code, i) for i in range(0, len(code), 8)]
    at, accumulator = 0, 0
    while True:
        kind, yes, no, value = lines[at]
        at += 1
        if kind == 0x06:
            return value
        if kind == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
            continue
        taken = {
            0x15: accumulator == value,
            0x35: accumulator >= value,
            0x45: bool(accumulator & value),
        }[kind]
        at += yes if taken else no


@pytest.mark.parametrize(
    ("machine", "arch", "socket", "pair"), [("x86_64", X86, 41, 53), ("aarch64", ARM, 198, 199)]
)
def test_only_unix_sockets_open(machine: str, arch: int, socket: int, pair: int) -> None:
    assert answer(machine, arch, socket, AF_UNIX) == ALLOW
    assert answer(machine, arch, pair, AF_UNIX) == ALLOW
    for family in (AF_INET, 10, 16, 17, AF_VSOCK, 44):
        assert answer(machine, arch, socket, family) == EPERM


@pytest.mark.parametrize(("machine", "arch", "clone"), [("x86_64", X86, 56), ("aarch64", ARM, 220)])
def test_threads_and_forks_but_no_namespaces(machine: str, arch: int, clone: int) -> None:
    assert answer(machine, arch, clone, 0x01200011) == ALLOW  # fork of glibc
    assert answer(machine, arch, clone, 0x003D0F00) == ALLOW  # pthread_create
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert answer(machine, arch, clone, flag | 17) == EPERM
    assert answer(machine, arch, 435) == ENOSYS


@pytest.mark.parametrize(
    ("machine", "arch", "numbers"),
    [
        # keyctl, bpf, perf, ptrace, process_vm_readv, userfaultfd, mount, unshare, memfd, kexec
        ("x86_64", X86, (250, 321, 298, 101, 310, 323, 165, 272, 319, 246, 313)),
        ("aarch64", ARM, (219, 280, 241, 117, 270, 282, 40, 97, 279, 104, 273)),
    ],
)
def test_doors_past_the_namespaces_are_shut(
    machine: str, arch: int, numbers: tuple[int, ...]
) -> None:
    for number in (*numbers, 425, 426, 427, 438, 442):
        assert answer(machine, arch, number) == EPERM


def test_everyday_calls_pass() -> None:
    for number in (0, 1, 2, 3, 9, 12, 59, 202, 231, 257, 318):
        assert answer("x86_64", X86, number) == ALLOW


def test_a_foreign_instruction_set_kills_and_x32_is_refused() -> None:
    assert answer("x86_64", 0x40000003, 0) == KILL
    assert answer("x86_64", ARM, 0) == KILL
    assert answer("x86_64", X86, 0x40000000) == EPERM


def test_calls_newer_than_the_table_do_not_exist() -> None:
    assert answer("x86_64", X86, 470) == ENOSYS
    assert answer("aarch64", ARM, 1000) == ENOSYS


def test_typing_into_a_terminal_is_refused() -> None:
    assert answer("x86_64", X86, 16, 1, 0x5412) == EPERM
    assert answer("x86_64", X86, 16, 1, 0x541C) == EPERM
    assert answer("x86_64", X86, 16, 1, 0x5401) == ALLOW


def test_an_unknown_architecture_is_refused_with_a_mend() -> None:
    with pytest.raises(MissingPart, match="SANDBOX=docker"):
        seccomp.program("riscv64")
