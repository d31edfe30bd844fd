"""Which system calls a box may make: a classic BPF program, built here byte by byte.

Namespaces leave doors open: AF_VSOCK reaches the hypervisor, the kernel keyring is shared, memfd
is memory without a size. Those calls answer EPERM; calls newer than this table answer ENOSYS; a
foreign instruction set kills. Example: ``socket(AF_INET, ...)`` fails with EPERM in every box.

The program follows Documentation/userspace-api/seccomp_filter.rst of the Linux kernel.
"""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass
from functools import cache

from benchserver.core.errors import MissingPart

_LOAD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGS = 0, 4, 16
_X32_BIT = 0x40000000
_LAST_KNOWN = 469  # Linux 6.17; anything newer is refused until it has been looked at

_AF_UNIX = 1
# CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}
_CLONE_NEW = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000
_CLONE_NEW |= 0x40000000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

# Calls numbered alike on every architecture (all since Linux 5.1).
_DENIED_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "set_mempolicy_home_node": 450,
    "statmount": 457,
    "listmount": 458,
    "open_tree_attr": 467,
}
_CLONE3 = 435


@dataclass(frozen=True, slots=True)
class _Arch:
    audit: int
    clone: int
    socket: int
    socketpair: int
    ioctl: int
    personality: int
    denied: dict[str, int]
    x32: bool = False


_X86_64 = _Arch(
    audit=0xC000003E,
    clone=56,
    socket=41,
    socketpair=53,
    ioctl=16,
    personality=135,
    x32=True,
    denied={
        "ptrace": 101,
        "syslog": 103,
        "uselib": 134,
        "setpriority": 141,
        "sched_setparam": 142,
        "sched_setscheduler": 144,
        "vhangup": 153,
        "modify_ldt": 154,
        "pivot_root": 155,
        "_sysctl": 156,
        "adjtimex": 159,
        "chroot": 161,
        "acct": 163,
        "settimeofday": 164,
        "mount": 165,
        "umount2": 166,
        "swapon": 167,
        "swapoff": 168,
        "reboot": 169,
        "sethostname": 170,
        "setdomainname": 171,
        "iopl": 172,
        "ioperm": 173,
        "create_module": 174,
        "init_module": 175,
        "delete_module": 176,
        "get_kernel_syms": 177,
        "query_module": 178,
        "quotactl": 179,
        "nfsservctl": 180,
        "sched_setaffinity": 203,
        "lookup_dcookie": 212,
        "clock_settime": 227,
        "mbind": 237,
        "set_mempolicy": 238,
        "kexec_load": 246,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "ioprio_set": 251,
        "migrate_pages": 256,
        "unshare": 272,
        "move_pages": 279,
        "perf_event_open": 298,
        "fanotify_init": 300,
        "fanotify_mark": 301,
        "name_to_handle_at": 303,
        "open_by_handle_at": 304,
        "clock_adjtime": 305,
        "setns": 308,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "kcmp": 312,
        "finit_module": 313,
        "sched_setattr": 314,
        "memfd_create": 319,
        "kexec_file_load": 320,
        "bpf": 321,
        "userfaultfd": 323,
    },
)

_AARCH64 = _Arch(
    audit=0xC00000B7,
    clone=220,
    socket=198,
    socketpair=199,
    ioctl=29,
    personality=92,
    denied={
        "lookup_dcookie": 18,
        "ioprio_set": 30,
        "umount2": 39,
        "mount": 40,
        "pivot_root": 41,
        "nfsservctl": 42,
        "chroot": 51,
        "vhangup": 58,
        "quotactl": 60,
        "acct": 89,
        "unshare": 97,
        "kexec_load": 104,
        "init_module": 105,
        "delete_module": 106,
        "clock_settime": 112,
        "syslog": 116,
        "ptrace": 117,
        "sched_setparam": 118,
        "sched_setscheduler": 119,
        "sched_setaffinity": 122,
        "setpriority": 140,
        "reboot": 142,
        "sethostname": 161,
        "setdomainname": 162,
        "settimeofday": 170,
        "adjtimex": 171,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "swapon": 224,
        "swapoff": 225,
        "mbind": 235,
        "set_mempolicy": 237,
        "migrate_pages": 238,
        "move_pages": 239,
        "perf_event_open": 241,
        "fanotify_init": 262,
        "fanotify_mark": 263,
        "name_to_handle_at": 264,
        "open_by_handle_at": 265,
        "clock_adjtime": 266,
        "setns": 268,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "kcmp": 272,
        "finit_module": 273,
        "sched_setattr": 274,
        "memfd_create": 279,
        "bpf": 280,
        "userfaultfd": 282,
        "kexec_file_load": 294,
    },
)

_ARCHES = {"x86_64": _X86_64, "aarch64": _AARCH64}


@cache
def program(machine: str = "") -> bytes:
    """The filter for ``machine`` (default: this one), as ``struct sock_filter[]``.

    Raises ``MissingPart`` on an architecture this table does not know.
    """
    name = machine or platform.machine()
    arch = _ARCHES.get(name)
    if arch is None:
        raise MissingPart(
            f"no system call table for {name}",
            mend="Run on x86_64 or aarch64, or use SANDBOX=docker",
        )
    rules = (_architecture, _number_bounds, _argument_rules, _denials)
    instructions = [line for rule in rules for line in rule(arch)]
    return b"".join([*instructions, _statement(_RET, _ALLOW)])


def _statement(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _refuse(errno: int) -> bytes:
    return _statement(_RET, _ERRNO | errno)


def _architecture(arch: _Arch) -> list[bytes]:
    return [
        _statement(_LOAD, _OFFSET_ARCH),
        _statement(_JEQ, arch.audit, yes=1),
        _statement(_RET, _KILL),
        _statement(_LOAD, _OFFSET_NUMBER),
    ]


def _number_bounds(arch: _Arch) -> list[bytes]:
    """x32 numbers and numbers newer than the table: refused. Leaves the number loaded."""
    x32 = [_statement(_JSET, _X32_BIT, no=1), _refuse(_EPERM)] if arch.x32 else []
    return [*x32, _statement(_JGE, _LAST_KNOWN + 1, no=1), _refuse(_ENOSYS)]


def _argument_rules(arch: _Arch) -> list[bytes]:
    return [
        _statement(
            _JEQ, _CLONE3, no=1
        ),  # its flags lie in memory BPF cannot read: glibc uses clone
        _refuse(_ENOSYS),
        *_when(arch.clone, 0, [_statement(_JSET, _CLONE_NEW, no=1), _refuse(_EPERM)]),
        *_when(arch.socket, 0, [_statement(_JEQ, _AF_UNIX, yes=1), _refuse(_EPERM)]),
        *_when(arch.socketpair, 0, [_statement(_JEQ, _AF_UNIX, yes=1), _refuse(_EPERM)]),
        *_when(arch.ioctl, 1, [_statement(_JEQ, _TIOCSTI, no=1), _refuse(_EPERM)]),
        *_when(arch.ioctl, 1, [_statement(_JEQ, _TIOCLINUX, no=1), _refuse(_EPERM)]),
        *_when(
            arch.personality,
            0,
            [
                _statement(_JEQ, 0, yes=2),
                _statement(_JEQ, 0xFFFFFFFF, yes=1),
                _refuse(_EPERM),
            ],
        ),
    ]


def _when(number: int, argument: int, rule: list[bytes]) -> list[bytes]:
    """Apply ``rule`` to the low half of ``argument`` of call ``number``; reload the number."""
    body = [
        _statement(_LOAD, _OFFSET_ARGS + 8 * argument),
        *rule,
        _statement(_LOAD, _OFFSET_NUMBER),
    ]
    return [_statement(_JEQ, number, no=len(body)), *body]


def _denials(arch: _Arch) -> list[bytes]:
    numbers = sorted({*arch.denied.values(), *_DENIED_EVERYWHERE.values()})
    return [
        part for number in numbers for part in (_statement(_JEQ, number, no=1), _refuse(_EPERM))
    ]
