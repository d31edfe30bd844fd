"""Inside an outer box: a warm interpreter that never runs a candidate's code, only forks.

For each order it clones itself into fresh user, mount, pid, ipc, uts and cgroup namespaces. The
clone (pid 1 there) waits for its cgroup, mounts its own small file system, gives up every right and
forks once more: that child becomes the program. Example: an order for
``python3 -I -S /box/main.py`` costs two forks instead of two program starts and an import.

It is shipped as one text, so it is standard library only. What was never here cannot leak: files
come as descriptors that only the clone reads; the zygote itself holds no task, reply or key.
"""

from __future__ import annotations

import sys

# What programs import most, loaded once: ``typing`` alone would cost a box more than all else does.
# No module that draws chance when it is loaded (``random``): every box would draw the same.
AHEAD = (
    *("abc", "bisect", "collections", "copy", "functools", "heapq", "itertools", "math"),
    *("operator", "re", "string", "typing"),
)
for _name in AHEAD:
    __import__(_name)
_PLAIN = frozenset(sys.modules) - {"__future__"}  # which came with the first line of this file

import marshal  # noqa: E402
import posix  # noqa: E402

_READY: list[Any] = []  # our own programs, loaded as modules; a box starts one by its main()
for _number in range(9):
    try:
        _file = posix.open(f"/box/ready-{_number}", posix.O_RDONLY)
    except FileNotFoundError:
        break
    with open(_file, "rb") as _text:
        _READY.append(type(sys)("ready"))
        exec(marshal.loads(_text.read()[16:]), vars(_READY[-1]))
_OURS = frozenset(sys.modules)

import ctypes  # noqa: E402 - after noting what a program may find, and what ours need
import gc  # noqa: E402
import select  # noqa: E402
from _signal import SIG_DFL, signal  # type: ignore[import-not-found]  # noqa: E402
from _socket import AF_UNIX, SOCK_SEQPACKET, socket  # noqa: E402
from resource import setrlimit  # noqa: E402

TYPE_CHECKING = False  # importing typing would cost more than everything else here
if TYPE_CHECKING:
    from typing import Any, NoReturn

CONTROL = 3
_LAST = 65536  # no descriptor is above
ORDER, READY, GO, ENDED, BROKEN = b"order", b"ready", b"go", b"ended", b"broken"
_LONGEST_ORDER = 65536
_MOST_DESCRIPTORS = 250

# user, mount, pid, ipc, uts, cgroup. The network namespace is the slot's own, one box at a time: it
# is empty, no box has rights over it, and no socket but a local one, which dies with its process.
_NEW = 0x10000000 | 0x20000 | 0x20000000 | 0x8000000 | 0x4000000 | 0x2000000
_SIGCHLD, _SIGINT, _SIGPIPE, _SIGXFSZ, _SIGKILL = 17, 2, 13, 25, 9
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC = 1, 2, 4, 8, 32, 4096, 16384
_PR_DUMPABLE, _PR_SECCOMP, _PR_BOUNDING, _PR_NO_NEW_PRIVS = 4, 22, 24, 38
_FILTER_MODE = 2
_CAPABILITIES = 64  # more than any kernel has; the surplus answers EINVAL
_CAPABILITY_V3 = 0x20080522
_CALLS = {"x86_64": (56, 126), "aarch64": (220, 91)}  # clone, capset

_libc: Any = ctypes.PyDLL(None, use_errno=True)  # PyDLL: a clone must be born holding the GIL
_libc.syscall.restype = ctypes.c_long
_clone, _capset = _CALLS[posix.uname().machine]


class Order:
    """What one box is to be: fields of bytes, in a fixed order (``forkserver.Order`` writes it)."""

    def __init__(self, data: bytes) -> None:
        fields = iter(data.split(b"\0"))
        next(fields)
        self.scratch = int(next(fields))
        self.shared = int(next(fields))
        self.toolchain = next(fields).decode()
        self.places = int(next(fields))
        self.ready = int(next(fields))
        self.limits = [
            [int(word) for word in next(fields).split()] for _ in range(int(next(fields)))
        ]
        self.environment = {next(fields): next(fields) for _ in range(int(next(fields)))}
        self.files = [(next(fields).decode(), int(next(fields))) for _ in range(int(next(fields)))]
        self.python = next(fields).decode()
        self.argv = [next(fields).decode() for _ in range(int(next(fields)))]


class Program:
    """What the process that ``serve`` has become runs as ``__main__``; ``code`` None: its main."""

    def __init__(self, module: Any, code: Any, path: str, arguments: list[str]) -> None:
        self.code = code
        self.names: dict[str, Any] = vars(module)
        builtins = sys.modules["builtins"]
        self.names.update(__name__="__main__", __builtins__=builtins, __file__=path)
        self.names.update(__annotations__={}, __cached__=None)
        sys.modules["__main__"] = module
        sys.argv = [path, *arguments]

    def run(self) -> None:
        if self.code is None:
            self.names["main"]()
            return
        code = self.code
        if isinstance(code, bytes):  # compiled here, where Python reports its SyntaxError itself
            if b"\0" in code:  # a ValueError from compile, but not from a file
                raise SyntaxError("source code cannot contain null bytes")
            code = compile(code, self.names["__file__"], "exec", dont_inherit=True)
        exec(code, self.names)


def serve(filter_text: bytes) -> Program:
    """Answer orders until the other side is gone. Returns only in a child that is to run Python."""
    signal(_SIGINT, SIG_DFL)
    control = socket(AF_UNIX, SOCK_SEQPACKET, 0, CONTROL)
    filters = _filter(filter_text)
    compile("", "", "exec")  # the first one makes the types of the syntax tree: 2 ms in each box
    gc.collect()
    gc.freeze()
    control.send(READY)
    while True:
        data, ancillary, _, _ = control.recvmsg(_LONGEST_ORDER, 4096)
        if not data:
            posix._exit(0)
        descriptors = [
            int.from_bytes(sent[at : at + 4], sys.byteorder)
            for _, _, sent in ancillary
            for at in range(0, len(sent), 4)
        ]
        if data.startswith(ORDER):
            program = _fulfil(control, Order(data), descriptors, filters)
            if program is not None:
                return program
        for descriptor in descriptors:
            posix.close(descriptor)


def _fulfil(control: Any, order: Order, descriptors: list[int], filters: Any) -> Program | None:
    pid = _libc.syscall(_clone, _NEW | _SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        try:
            return _first(control, order, descriptors, filters)
        except BaseException as error:
            _give_up(control, "start", error)
    if pid < 0:
        control.send(BROKEN + b" clone: %d" % ctypes.get_errno())
        return None
    for descriptor in descriptors:
        posix.close(descriptor)
    descriptors.clear()
    status = _outlive(control, pid)
    if order.ready >= 0:  # nobody is left inside to tell
        control.send(ENDED + b" %d" % status)
    return None


def _outlive(control: Any, pid: int) -> int:
    """Wait until the box is gone; when the other side goes first, take the box along."""
    life = posix.pidfd_open(pid)
    poller = select.poll()
    poller.register(life, select.POLLIN)
    poller.register(control.fileno(), 0)  # only its hang-up: what it says is for the box
    while True:
        ready = {descriptor for descriptor, _ in poller.poll()}
        if life in ready:
            break
        posix.kill(pid, _SIGKILL)
    posix.close(life)
    return posix.waitpid(pid, 0)[1]


def _first(control: Any, order: Order, descriptors: list[int], filters: Any) -> Program | None:
    """Pid 1 of the new box: build it, fork the program, tell how it ended.

    A program of ours needs no second process: it *is* pid 1, and the zygote tells how it ended.
    """
    control.send(READY)
    if control.recv(64) != GO:
        posix._exit(1)
    _name_self()
    _build(order, descriptors[order.places :])
    _give_rights_up(order, filters)
    if order.ready >= 0:
        program = _ours(order)
        control.detach()
        _settle(descriptors[: order.places])
        return program
    return _parent(control, order, descriptors)


def _parent(control: Any, order: Order, descriptors: list[int]) -> Program | None:
    """Pid 1 that stays beside the program. Returns only in the program's process."""
    heard, failed = posix.pipe()  # closed by a program that starts
    pid = posix.fork()
    if pid == 0:
        control.detach()
        return _become(order, descriptors[: order.places], failed)
    _check(_libc.prctl(_PR_DUMPABLE, 0, 0, 0, 0), "prctl")
    posix.closerange(0, CONTROL)
    posix.closerange(CONTROL + 1, heard)
    posix.closerange(heard + 1, _LAST)
    if failure := posix.read(heard, 300):
        control.send(BROKEN + b" " + failure)
        posix._exit(1)
    while True:
        who, status = posix.waitpid(-1, 0)
        if who == pid:
            control.send(ENDED + b" %d" % status)
            posix._exit(0)


def _name_self() -> None:
    """The same nobody as outside, who owns nothing else here."""
    for name, text in (("setgroups", b"deny"), ("uid_map", b"%d %d 1"), ("gid_map", b"%d %d 1")):
        descriptor = posix.open("/proc/self/" + name, posix.O_WRONLY)
        posix.write(descriptor, text % (65534, 65534) if b"%" in text else text)
        posix.close(descriptor)


def _build(order: Order, contents: list[int]) -> None:
    """The box's own /proc, /tmp, /dev/shm and /box; all else is inherited read-only."""
    inert = _NOSUID | _NODEV
    _mount(b"proc", b"/proc", b"proc", inert | _NOEXEC | _RDONLY, b"")
    _mount(b"tmpfs", b"/tmp", b"tmpfs", inert, b"mode=0755,size=%d" % order.scratch)
    _mount(b"tmpfs", b"/dev/shm", b"tmpfs", inert, b"mode=0755,size=%d" % order.shared)
    _mount(b"tmpfs", b"/box", b"tmpfs", inert, b"mode=0755")
    for (name, mode), content in zip(order.files, contents, strict=True):
        _lay("/box/" + name, mode, content)
    _mount(b"", b"/box", b"", inert | _RDONLY | _REMOUNT | _BIND, b"")
    if order.toolchain:
        source = ("/toolchains/" + order.toolchain).encode()
        _mount(source, b"/toolchain", b"", _BIND | _REC, b"")


def _lay(path: str, mode: int, content: int) -> None:
    folder = path.rpartition("/")[0]
    if folder != "/box":
        _make(folder)
    target = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL, mode)
    while posix.sendfile(target, content, None, 2**30):
        pass
    posix.close(target)


def _make(folder: str) -> None:
    made = "/box"
    for part in folder.split("/")[2:]:
        made += "/" + part
        try:  # contextlib would be an import more
            posix.mkdir(made, 0o755)
        except FileExistsError:
            continue


def _give_rights_up(order: Order, filters: Any) -> None:
    """Limits, no capability in any set, no new privileges, the seccomp filter. In this order."""
    for kind, soft, hard in order.limits:
        setrlimit(kind, (soft, hard))
    for capability in range(_CAPABILITIES):
        if _libc.prctl(_PR_BOUNDING, capability, 0, 0, 0):
            break
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_V3, 0)
    _check(_libc.syscall(_capset, head, (ctypes.c_uint32 * 6)()), "capset")
    _check(_libc.prctl(_PR_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _check(_libc.prctl(_PR_SECCOMP, _FILTER_MODE, ctypes.byref(filters), 0, 0), "seccomp")


def _become(order: Order, places: list[int], failed: int) -> Program | None:
    """The program's own process."""
    try:
        _settle(places, but=failed)
        head, rest = order.argv[:3], order.argv[3:]
        if (
            head == ["python3", "-I", "-S"]
            and rest
            and rest[0][:1] == "/"
            and not order.environment
        ):
            program = _python(rest[0], rest[1:])
            posix.close(failed)
            return program
        _execute(order)
    except BaseException as error:
        posix.write(failed, _words("program", error))
        posix._exit(125)


def _settle(places: list[int], *, but: int = _LAST) -> None:
    """Descriptors 0 to 4 and a session of its own; nothing of ours stays open, except ``but``."""
    posix.setsid()
    _check(_libc.prctl(_PR_DUMPABLE, 1, 0, 0, 0), "prctl")
    posix.chdir("/tmp")
    for number, descriptor in enumerate(places):
        posix.dup2(descriptor, number)
    posix.closerange(len(places), but)
    posix.closerange(but + 1, _LAST)


def _ours(order: Order) -> Program:
    """A program of ours, with what it needs and what its tests or its solution may import."""
    _keep_only(_OURS)
    return Program(_READY[order.ready], None, order.argv[3], order.argv[4:])


def _python(path: str, arguments: list[str]) -> Program:
    """What ``python3 -I -S path`` runs: an interpreter that holds no more than a new one which has
    imported ``AHEAD``."""
    _keep_only(_PLAIN)
    code: Any = _read(path)
    if path[-4:] == ".pyc":
        code = marshal.loads(code[16:])
    return Program(type(sys)("__main__"), code, path, arguments)


def _keep_only(names: frozenset[str]) -> None:
    for name in [name for name in sys.modules if name not in names]:
        del sys.modules[name]


def _execute(order: Order) -> NoReturn:
    for number in (_SIGPIPE, _SIGXFSZ):
        signal(number, SIG_DFL)
    environment = {b"PATH": b"/usr/bin:/bin", b"LANG": b"C.UTF-8", b"PWD": b"/tmp"}
    program = order.python if order.argv[0] == "python3" else order.argv[0]
    posix.execve(program, order.argv, {**environment, **order.environment})


def _mount(source: bytes, target: bytes, kind: bytes, flags: int, data: bytes) -> None:
    done = _libc.mount(source, target, kind or None, ctypes.c_ulong(flags), data or None)
    _check(done, "mount " + target.decode())


def _check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def _give_up(control: Any, step: str, error: BaseException) -> NoReturn:
    """Ours, not the program's: it never ran."""
    try:
        control.send(BROKEN + b" " + _words(step, error))
    finally:
        posix._exit(125)


def _words(step: str, error: BaseException) -> bytes:
    words = [str(word) for word in (*error.args[:2], getattr(error, "filename", ""))]
    return " ".join([step, type(error).__name__, *words]).encode("ascii", "replace")[:300]


def _filter(text: bytes) -> Any:
    """A ``struct sock_fprog`` of the compiled filter, kept alive by the caller."""

    class Filter(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("program", ctypes.c_void_p)]

    kept = ctypes.create_string_buffer(text, len(text))
    made = Filter(len(text) // 8, ctypes.cast(kept, ctypes.c_void_p))
    made.kept = kept
    return made


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    serve(_read("/box/filter")).run()
