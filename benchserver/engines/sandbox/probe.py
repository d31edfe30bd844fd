"""Does this box really hold? Ask an attacker, not a version number.

Five real boxes are attacked at start: the answers decide whether the engine may be used at all
(mandatory guarantees) and at which level (memory and processes need a cgroup). Example: on a
kernel where the uid drop did not protect ``/proc/sys``, the engine refuses to start. Fails closed.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from benchserver.core.errors import MissingPart, PlatformFault
from benchserver.engines.sandbox.base import (
    BoxRequest,
    BoxResult,
    Ending,
    Guarantee,
    Level,
    Sandbox,
)

_MIB = 2**20
_MEMORY = 96 * _MIB
_TOUCHED = 48 * _MIB
_PROCESSES = 16

# Runs inside the box; prints {name: what the attacker achieved} with null for "nothing".
_ATTACKS = r"""
import json, os, socket, ctypes
found = {}

def attempt(name, attack):
    try:
        found[name] = attack()
    except BaseException as error:
        found[name] = None

def write_sysctl():
    with open("/proc/sys/kernel/core_pattern", "r+") as file:
        file.write(file.read())
    return "wrote core_pattern"

def open_sockets():
    opened = []
    for family in (socket.AF_INET, socket.AF_INET6, 40, 16, 17):
        try:
            raw = family in (16, 17)
            socket.socket(family, socket.SOCK_RAW if raw else socket.SOCK_STREAM)
            opened.append(family)
        except OSError:
            pass
    return opened or None

def read_environment():
    allowed = {b"PATH", b"LANG", b"PWD", b"LC_CTYPE"}
    telling_nothing = {b"HOSTNAME=box", b"HOME=/"}  # what Docker gives its init
    seen = b""
    for who in ("1", "self"):
        try:
            with open("/proc/%s/environ" % who, "rb") as file:
                seen += file.read()
        except OSError:
            pass
    pairs = set(seen.split(b"\0")) - telling_nothing
    names = {pair.partition(b"=")[0] for pair in pairs if pair}
    return sorted(str(name) for name in names - allowed) or None

def fill_shm():
    for number in range(64):
        with open("/dev/shm/%d" % number, "wb") as file:
            file.write(b"x" * 1048576)
    return "64 MiB in /dev/shm"

def write_outside():
    written = []
    for folder in ("/", "/usr", "/box", "/dev", "/proc", "/etc", "/var/tmp", "/home"):
        try:
            with open(folder + "/planted", "w"):
                written.append(folder)
        except OSError:
            pass
    return written or None

def use_keyring():
    libc = ctypes.CDLL(None, use_errno=True)
    keyctl = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
    return "keyring answered" if libc.syscall(keyctl, 0, -3, 1) >= 0 else None

def make_user_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    return "new user namespace" if libc.unshare(0x10000000) == 0 else None

for attack in (write_sysctl, open_sockets, read_environment, fill_shm, write_outside, use_keyring,
               make_user_namespace):
    attempt(attack.__name__, attack)
print(json.dumps(found))
"""

# A box of its own: where the limit ends the whole box instead of refusing a fork, that holds too.
_FORK = r"""
import os, time
made = 0
try:
    while made < 100:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError:
    pass
print(made)
"""

# Eight children of a third of the limit (``_TOUCHED``) each, all held at once: only a limit on the
# whole box stops them. Prints how many were alive together.
_TOUCH = r"""
import os, time
told_read, told_write = os.pipe()
os.set_blocking(told_read, False)
held, dead = 0, 0
for _ in range(8):
    if os.fork() == 0:
        block = bytearray(b"x") * (16 * 1048576)
        os.write(told_write, b"1")
        time.sleep(60)
        os._exit(0)
while held + dead < 8:
    try:
        held += len(os.read(told_read, 8))
    except BlockingIOError:
        time.sleep(0.005)
    while dead < 8 and os.waitpid(-1, os.WNOHANG)[0]:
        dead += 1
print(held)
"""

_DAEMON = r"""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
print("left")
"""

_FLOOD = "import os\nwhile True: os.write(1, b'x' * 65536)\n"

_MANDATORY = {
    "write_sysctl": "kernel settings are read-only",
    "open_sockets": "no network of any family",
    "read_environment": "the environment is empty",
    "fill_shm": "shared memory is bounded",
    "write_outside": "only the scratch is writable",
    "use_keyring": "kernel keyrings are closed",
    "make_user_namespace": "no new namespaces",
}


def attack(sandbox: Sandbox, *, expected: Level) -> tuple[tuple[Guarantee, ...], Level]:
    """Attack real boxes; returns what held and the level it amounts to.

    Raises ``MissingPart`` when a box does not start or a mandatory guarantee does not hold.
    """
    found = _attack_inside(sandbox)
    guarantees = [
        Guarantee(name=name, held=found.get(name, "") is None, detail=detail)
        for name, detail in _MANDATORY.items()
    ]
    guarantees.append(_ended(sandbox, _DAEMON, "daemon", "a daemon dies with its box", _is_left))
    guarantees.append(_ended(sandbox, _FLOOD, "output", "output is capped", _is_capped))
    broken = [guarantee for guarantee in guarantees if not guarantee.held]
    if broken:
        raise MissingPart(
            f"sandbox {sandbox.name}: does not hold that {broken[0].detail} ({broken[0].name})",
            mend="Use SANDBOX=docker or a newer kernel (details: benchserver doctor)",
        )
    bounds = [
        _ended(sandbox, _FORK, "processes", "the number of processes is bounded", _is_refused),
        _whole_memory(sandbox),
    ]
    full = expected is Level.FULL and all(bound.held for bound in bounds)
    return (*guarantees, *bounds), Level.FULL if full else Level.RLIMITS


def _attack_inside(sandbox: Sandbox) -> dict[str, object]:
    result = _run(sandbox, _ATTACKS)
    try:
        found = json.loads(result.stdout)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise MissingPart(
            f"sandbox {sandbox.name}: the probe ended as {result.ending} {result.exit_code}",
            mend="Check that the system's python3 works: /usr/bin/python3 -I -S -c 'import json'",
        )
    return found


def _run(sandbox: Sandbox, script: str, *, memory_bytes: int = _MEMORY) -> BoxResult:
    try:
        return sandbox.run(
            BoxRequest(
                argv=("python3", "-I", "-S", "/box/probe.py"),
                files={"probe.py": script.encode()},
                cpu_seconds=5,
                wall_seconds=30,
                memory_bytes=memory_bytes,
                processes=_PROCESSES,
            )
        )
    except MissingPart:
        raise
    except PlatformFault as fault:
        raise MissingPart(f"no box starts ({fault.detail})", mend=_mend_of(fault.detail)) from fault


def _mend_of(detail: str) -> str:
    if "uid map" in detail or "RTM_NEWADDR" in detail or "Permission denied" in detail:
        return (
            "Allow user namespaces for bwrap: load the AppArmor profile bwrap-userns-restrict, "
            "or sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if "proc" in detail:
        return "In a container, start it with --security-opt systempaths=unconfined"
    return "In a container, start it with --security-opt seccomp=unconfined, or use SANDBOX=docker"


def _ended(
    sandbox: Sandbox, script: str, name: str, detail: str, held: Callable[[BoxResult], bool]
) -> Guarantee:
    return Guarantee(name=name, held=held(_run(sandbox, script)), detail=detail)


def _is_left(result: BoxResult) -> bool:
    """The daemon holds stdout: that the call came back as EXITED means the daemon is dead."""
    return result.ending is Ending.EXITED and result.stdout == b"left\n"


def _is_refused(result: BoxResult) -> bool:
    if result.ending is Ending.EXITED:
        return result.stdout.strip().isdigit() and int(result.stdout) < 100
    return result.ending in (Ending.SIGNALLED, Ending.MEMORY_LIMIT)


def _is_capped(result: BoxResult) -> bool:
    return result.ending is Ending.OUTPUT_LIMIT and len(result.stdout) <= _MIB


def _whole_memory(sandbox: Sandbox) -> Guarantee:
    result = _run(sandbox, _TOUCH, memory_bytes=_TOUCHED)
    held = result.ending is Ending.MEMORY_LIMIT or result.stdout.strip() not in (b"8", b"7")
    return Guarantee(name="memory", held=held, detail="the memory of the whole box is bounded")
