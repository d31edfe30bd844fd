"""The virtual environment: built from the hashed lock, rebuilt only when the lock changes.

It is built from an interpreter that every account can run (``/usr/bin/python3`` first), since
services drop to an unprivileged account. A stamp names the lock's hash; an interrupted
build leaves a marker and is redone. One builder at a time. Standard library only.
Example: ``ensure(checkout, development=False)`` -> ``checkout/.venv/bin/python``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchserver.core.errors import MissingPart
from benchserver.runtime.account import Account
from benchserver.runtime.home import default_home

BASE_LOCK, DEVELOPMENT_LOCK = "requirements.lock", "requirements-dev.lock"  # the second holds both
STAMP, MARKER = "bench-stamp", "bench-building"
STRANGER = Account("stranger", 0xFFFF_FFF0, 0xFFFF_FFF0)  # may run only what everyone may
EVERY = 20  # packages between two lines of progress
SHOWN = 30  # lines of a failed pip
MEND = "On Debian or Ubuntu: apt-get install python3-venv"


def ensure(root: Path, *, development: bool) -> Path:
    """The environment's interpreter, with every package of the lock installed.

    Raises ``MissingPart`` when no interpreter or no way to install is found.
    """
    folder = _place(root)
    lock = root / (DEVELOPMENT_LOCK if development else BASE_LOCK)
    if not _current(folder, root, lock):
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.umask(0o022)  # the service account must be able to read what is installed
        with _alone(folder.parent):
            if not _current(folder, root, lock):
                _build(folder, root, lock)
    return folder / "bin" / "python"


def _place(root: Path) -> Path:
    """In the checkout, or in the home when the checkout belongs to somebody else."""
    inside = root / ".venv"
    if os.access(root, os.W_OK) or (inside / STAMP).exists():
        return inside
    return default_home() / "venv"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One builder at a time, by a lock on the folder itself."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another ./bench is building the environment, waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _current(folder: Path, root: Path, lock: Path) -> bool:
    """Is this lock installed, or the development lock, which holds it?"""
    if (folder / MARKER).exists() or not (folder / "bin" / "python").exists():
        return False
    try:
        stamps = (folder / STAMP).read_text().splitlines()
    except OSError:
        return False
    return any(_stamp(each) in stamps for each in {lock, root / DEVELOPMENT_LOCK})


def _stamp(lock: Path) -> str:
    return f"{lock.name} {hashlib.sha256(lock.read_bytes()).hexdigest()}"


def _build(folder: Path, root: Path, lock: Path) -> None:
    begun = time.monotonic()
    packages = sum(" \\" in line and "==" in line for line in lock.read_text().splitlines())
    _say(f"installing {packages} packages of {lock.name} into {folder} (once, about a minute)")
    if (folder / MARKER).exists() or not _runs(folder / "bin" / "python"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / MARKER).touch()
        _create(folder)
    else:
        (folder / MARKER).touch()
    _install(folder, lock, packages)
    (folder / STAMP).write_text(_stamp(lock) + "\n")
    (folder / MARKER).unlink()
    _say(f"environment ready in {time.monotonic() - begun:.0f} s")


def _create(folder: Path) -> None:
    """A virtual environment by the first way that works: venv, uv, virtualenv, venv without pip."""
    base = _interpreter()
    ways = [[base, "-m", "venv", str(folder)]] if _has(base, "ensurepip") else []
    if shutil.which("uv"):
        ways.append(["uv", "venv", "--quiet", "--allow-existing", "--python", base, str(folder)])
    if shutil.which("virtualenv"):
        ways.append(["virtualenv", "--quiet", "--python", base, str(folder)])
    if _other_pip():
        ways.append([base, "-m", "venv", "--without-pip", str(folder)])
    for way in ways:
        done = subprocess.run(way, stdout=subprocess.DEVNULL).returncode == 0
        if done and _runs(folder / "bin" / "python"):
            return
    raise MissingPart("a way to make a virtual environment", mend=MEND)


def _install(folder: Path, lock: Path, packages: int) -> None:
    """Install by uv when present, else by pip; a uv that fails (other index) is no verdict."""
    python = str(folder / "bin" / "python")
    what = ["--require-hashes", "-r", str(lock)]
    if shutil.which("uv"):
        uv = ["uv", "pip", "install", "--quiet", "--python", python, *what]
        if subprocess.run(uv).returncode == 0:
            return
        _say("uv could not install, trying pip")
    if _has(python, "pip"):
        pip = [python, "-m", "pip"]
    else:
        other = _other_pip()
        if other is None:
            raise MissingPart("pip", mend=MEND)
        pip = [other, "-m", "pip", "--python", python]
    if not _pip([*pip, "install", "--no-input", "--progress-bar", "off", *what], packages):
        raise MissingPart(
            f"the packages of {lock.name}: pip failed, see above", mend="Mend that and run it again"
        )


def _pip(command: list[str], packages: int) -> bool:
    """Run pip, telling every 20th package; what it said is shown only when it fails."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    said: list[str] = []
    seen = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            if line.startswith(("Collecting ", "Processing ")):
                seen += 1
                if seen % EVERY == 0:
                    _say(f"  {seen} of {packages} packages fetched")
            elif line.startswith("Installing collected"):
                _say(f"  {seen} packages fetched, unpacking")
    if process.returncode != 0:
        sys.stderr.writelines(said[-SHOWN:])
    return process.returncode == 0


def _interpreter() -> str:
    """The first suitable interpreter that every account can run, else the running one."""
    for candidate in _candidates():
        if STRANGER.can_enter(Path(candidate)) and _runs(Path(candidate)):
            return candidate
    if os.geteuid() == 0:
        _say(f"no interpreter that every account can run: using {sys.executable}")
    return sys.executable


def _candidates() -> Iterator[str]:
    yield from ("/usr/bin/python3", "/usr/local/bin/python3")
    for minor in range(15, 10, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            yield found
    yield os.path.realpath(sys.executable)


def _runs(python: Path) -> bool:
    """Does it start, and is it 3.11 or newer?"""
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    return python.exists() and _succeeds([str(python), "-I", "-c", code])


def _has(python: str, module: str) -> bool:
    return _succeeds([python, "-I", "-c", f"import {module}"])


def _other_pip() -> str | None:
    """Another interpreter with a pip that can install into an environment without one."""
    for candidate in (sys.executable, shutil.which("python3")):
        if candidate and _succeeds([candidate, "-m", "pip", "--python", candidate, "--version"]):
            return candidate
    return None


def _succeeds(command: list[str]) -> bool:
    quiet = subprocess.DEVNULL
    try:
        return subprocess.run(command, stdout=quiet, stderr=quiet).returncode == 0
    except OSError:
        return False


def _say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)
