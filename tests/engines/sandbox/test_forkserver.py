"""Warm boxes: the same as cold ones to the program inside, and nothing of one reaches the next."""

from __future__ import annotations

import marshal
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from benchserver.core.errors import MissingPart, PlatformFault
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, OwnProgram
from benchserver.engines.sandbox.bubblewrap import Bubblewrap, Start
from benchserver.engines.sandbox.zygote import AHEAD


@pytest.fixture(scope="module")
def warm() -> Iterator[Bubblewrap]:
    yield from _engine(Start.WARM)


@pytest.fixture(scope="module")
def cold() -> Iterator[Bubblewrap]:
    yield from _engine(Start.COLD)


def _engine(start: Start) -> Iterator[Bubblewrap]:
    try:
        engine = Bubblewrap(start)
        engine.probe()
    except MissingPart as problem:
        pytest.skip(str(problem))
    if engine.start is not start:
        engine.close()
        pytest.skip("this machine has no warm start: nested namespaces are refused")
    yield engine
    engine.close()


def run(engine: Bubblewrap, script: str) -> BoxResult:
    request = BoxRequest(
        argv=("python3", "-I", "-S", "/box/main.py"), files={"main.py": script.encode()}
    )
    return engine.run(request, stdin=b"a line\n")


# What a warm interpreter has loaded ahead, a cold one may as well import; else nothing differs.
SEEN = (
    f"import {', '.join(AHEAD)}"
    + """
import sys, os, signal
print(sorted(set(sys.modules)))
print(sys.argv, sys.flags, sys.path, __name__, __file__, sorted(globals()))
print(os.getcwd(), os.getpid(), dict(os.environ), sorted(os.listdir("/proc/self/fd")))
print(os.listdir("/box"), os.listdir("/tmp"), os.listdir("/dev/shm"), sorted(os.listdir("/")))
print(sys.stdin.seekable(), sys.stdout.seekable(), sys.stdout.encoding, sys.stdout.errors)
print([signal.getsignal(n) for n in (signal.SIGPIPE, signal.SIGTERM, signal.SIGXFSZ)])
print([sys.getrecursionlimit(), os.getuid(), os.getgid(), os.umask(0)])
"""
)


def test_a_program_sees_the_same_in_a_warm_box_as_in_a_cold_one(
    warm: Bubblewrap, cold: Bubblewrap
) -> None:
    ours, theirs = (run(engine, SEEN).stdout.decode().splitlines() for engine in (warm, cold))
    assert len(ours) == 7
    for mine, other in zip(ours, theirs, strict=True):
        for extra in ("'toolchain', ", "'toolchains', "):  # empty places for a language's caches
            mine, other = mine.replace(extra, ""), other.replace(extra, "")
        assert mine == other


@pytest.mark.parametrize(
    "script",
    [
        "raise SystemExit(3)",
        "import sys; sys.exit('no')",
        "1/0",
        "def (",
        "x = '\0'",
        "import os; os._exit(9)",
        "import os; os.kill(os.getpid(), 15)",
        "import os; os.abort()",
        "import atexit; atexit.register(print, 'bye')",
        "import threading; threading.Timer(0.05, print, ('late',)).start()",
        "import sys; sys.stdout.write('no newline')",
        "class A:\n    def __del__(self): print('gone')\na = A()",
        "import gc; print(gc.isenabled(), gc.get_threshold())",
        "raise KeyboardInterrupt",
    ],
)
def test_a_program_ends_the_same_way_warm_and_cold(
    script: str, warm: Bubblewrap, cold: Bubblewrap
) -> None:
    ours, theirs = run(warm, script), run(cold, script)
    assert (ours.ending, ours.exit_code, ours.stdout) == (
        theirs.ending,
        theirs.exit_code,
        theirs.stdout,
    )
    assert _last_error(ours) == _last_error(theirs)


def _last_error(result: BoxResult) -> bytes:
    return b"".join(result.stderr.splitlines()[-1:]).partition(b":")[0]


def test_what_is_loaded_ahead_draws_no_chance_that_boxes_would_share(warm: Bubblewrap) -> None:
    draw = "import sys, random; print('random' in AHEAD, random.random())".replace(
        "AHEAD", repr(AHEAD)
    )
    first, second = run(warm, draw).stdout, run(warm, draw).stdout
    assert first.startswith(b"False ")
    assert first != second


def test_nothing_that_one_program_did_is_there_for_the_next(warm: Bubblewrap) -> None:
    spoil = """
import builtins, os, sys, posix, _socket
builtins.print = builtins.open = None
builtins.left = sys.left = posix.left = "left"
sys.modules["left"] = sys
for folder in ("/tmp", "/dev/shm"):
    os.close(os.open(folder + "/left", os.O_CREAT | os.O_WRONLY))
link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
link.bind(b"\\0left")
if os.fork() == 0:
    os.setsid()
    import time
    time.sleep(60)
"""
    look = """
import builtins, sys, os, posix, _socket
assert not any(hasattr(m, "left") for m in (builtins, sys, posix))
assert "left" not in sys.modules
assert os.listdir("/tmp") == os.listdir("/dev/shm") == []
assert len([n for n in os.listdir("/proc") if n.isdigit()]) == 2
link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
try: link.connect(b"\\0left"); print("met")
except OSError: print("alone")
"""
    assert run(warm, spoil).ending is Ending.EXITED
    assert run(warm, look).stdout == b"alone\n"


def test_every_box_has_namespaces_of_its_own(warm: Bubblewrap) -> None:
    script = """
import os
for name in sorted(os.listdir("/proc/self/ns")): print(os.readlink("/proc/self/ns/" + name))
import time; time.sleep(1)  # the kernel gives the number of a namespace that is gone again
"""
    with ThreadPoolExecutor(2) as both:
        results = both.map(lambda _: run(warm, script), range(2))
        first, second = (set(result.stdout.decode().split()) for result in results)
    host = {os.readlink(path) for path in Path("/proc/self/ns").iterdir()}
    shared = {name.partition(":")[0] for name in first & second}
    assert shared <= {"time", "time_for_children"}
    assert {name.partition(":")[0] for name in first & host} <= {"time", "time_for_children"}


def test_the_first_process_of_a_box_is_closed_to_the_program(warm: Bubblewrap) -> None:
    script = """
import os, signal
for name in ("mem", "environ", "maps", "fd", "root"):
    try:
        path = f"/proc/1/{name}"
        os.listdir(path) if name in ("fd", "root") else open(path, "rb").read(1)
        print("read", name)
    except OSError: pass
for number in range(1, 32):
    os.kill(1, number)
print("still here", os.getppid())
"""
    assert run(warm, script).stdout == b"still here 1\n"


def test_a_zygote_that_was_killed_is_replaced(warm: Bubblewrap) -> None:
    assert run(warm, "print(1)").stdout == b"1\n"
    for zygote in warm._nursery._living.values():
        everything = _descendants(zygote.pid)
        os.kill(zygote.pid, signal.SIGKILL)
        _wait_until_gone(everything)
    assert run(warm, "print(2)").stdout == b"2\n"


def test_a_forked_worker_grows_zygotes_of_its_own(warm: Bubblewrap) -> None:
    run(warm, "pass")
    pid = os.fork()
    if pid == 0:
        right = False
        with suppress(BaseException):
            right = run(warm, "print(3)").stdout == b"3\n"
        os._exit(0 if right else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert run(warm, "print(4)").stdout == b"4\n"


@pytest.fixture(scope="module")
def same_python(cold: Bubblewrap) -> None:
    version = run(cold, "import sys; print(sys.version_info[:2])").stdout
    if version.decode().strip() != str(sys.version_info[:2]):
        pytest.skip("the box's Python is another than this one")


def _own(text: str) -> BoxRequest:
    code = compile(text + "\nif __name__ == '__main__': main()", "own.py", "exec")
    own = OwnProgram(MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
    return BoxRequest(argv=("python3", "-I", "-S", "/box/own.pyc"), files={"own.pyc": own})


@pytest.mark.usefixtures("same_python")
def test_our_own_program_is_started_by_its_main_and_not_laid_into_the_box(
    warm: Bubblewrap, cold: Bubblewrap
) -> None:
    request = _own("import sys\ndef main(): print(__name__, sys.argv)")
    results = [engine.run(request) for engine in (warm, cold)]
    assert {result.stdout for result in results} == {b"__main__ ['/box/own.pyc']\n"}


@pytest.mark.usefixtures("same_python")
@pytest.mark.parametrize(
    "last",
    ["import posix; posix._exit(7)", "1/0", "raise SystemExit(3)", "import posix; posix.abort()"],
)
def test_our_own_program_ends_the_same_way_warm_and_cold(
    last: str, warm: Bubblewrap, cold: Bubblewrap
) -> None:
    ours, theirs = (engine.run(_own(f"def main():\n {last}")) for engine in (warm, cold))
    assert ours.ending is theirs.ending
    if ours.ending is Ending.EXITED:
        assert ours.exit_code == theirs.exit_code


@pytest.mark.usefixtures("same_python")
def test_our_own_program_killed_from_outside_is_a_fault_of_ours(warm: Bubblewrap) -> None:
    request = _own("def main():\n while True: pass")
    with ThreadPoolExecutor(1) as other:
        running = other.submit(warm.run, request)
        for _ in range(500):
            zygotes = tuple(warm._nursery._living.values())
            eaters = set().union(*(_cpu_eaters(zygote.pid) for zygote in zygotes))
            if eaters:
                break
            time.sleep(0.02)
        for pid in eaters:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(PlatformFault, match="box_killed"):
            running.result()


def _cpu_eaters(zygote: int) -> set[int]:
    """Those below a zygote that have used half a second: it takes less itself, also to wake up."""
    ticks = os.sysconf("SC_CLK_TCK")
    return {pid for pid in _descendants(zygote) if _cpu_ticks(pid) > ticks / 2}


def _cpu_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def test_a_killed_grader_leaves_no_zygote_and_no_box(warm: Bubblewrap) -> None:
    script = """
import sys
from benchserver.engines.sandbox.base import BoxRequest
from benchserver.engines.sandbox.bubblewrap import Bubblewrap
engine = Bubblewrap()
print("ready", flush=True)
engine.run(BoxRequest(argv=("python3", "-I", "-S", "/box/m.py"), files={"m.py": b"while 1: pass"}))
"""
    grader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert grader.stdout is not None
    grader.stdout.readline()
    family: set[int] = set()
    while len(family) < 4:  # bubblewrap twice, the zygote, the box
        family = _descendants(grader.pid)
        time.sleep(0.02)
    grader.kill()
    grader.wait()
    _wait_until_gone(family)


def _wait_until_gone(family: set[int]) -> None:
    for _ in range(500):
        if not any(_alive(pid) for pid in family):
            return
        time.sleep(0.02)
    raise AssertionError("something lives on")


def _descendants(pid: int) -> set[int]:
    from benchserver.engines.sandbox.vitals import family_of

    return set(family_of(pid)) - {pid}


def _alive(pid: int) -> bool:
    return _state(pid) not in ("", "Z", "X")


def _state(pid: int) -> str:
    """The kernel's letter for what it does; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
