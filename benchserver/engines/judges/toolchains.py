"""What makes a language ready on this machine: its caches filled once, its ``hello`` run for real.

``prepare`` runs a language's steps in boxes, unpacks what they print and swaps it in as one
folder, so that a running compile keeps the folder it began with. ``prove`` compiles and runs the
language's ``hello``. Example: ``prove(LANGUAGES["go"], sandbox)`` -> ``go version go1.19.8 ...``.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from benchserver.core.errors import MissingPart
from benchserver.core.solution import is_inner_path
from benchserver.core.task import Limits
from benchserver.engines.judges.build import NotCompiled, build
from benchserver.engines.languages.base import Caches, Command, Language
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Sandbox
from benchserver.engines.sandbox.toolchains import make_base, toolchain_folder

_RECIPE, _MADE_BY = "recipe", "made-by"
_STALE_SECONDS = 86_400.0
_STEP_CPU_SECONDS = 300.0
_STEP_OUTPUT = 2**30
_STEP_SCRATCH = 2**30
_GREETING, _ANSWER = b"hello, box\n", b"HELLO, BOX"


def is_stale(language: Language) -> bool:
    """Whether this machine has the language's compilers, and no caches made by just these."""
    if language.caches is None:
        return False
    answer = subprocess.run(language.caches.compilers, capture_output=True)
    if answer.returncode != 0:
        return False
    folder = toolchain_folder(language.name)
    try:
        made_by = (folder / _MADE_BY).read_bytes()
        recipe = (folder / _RECIPE).read_text(encoding="ascii")
    except OSError:
        return True
    return made_by != answer.stdout or recipe != _recipe_of(language.caches)


def prepare(language: Language, sandbox: Sandbox) -> None:
    """Make the language's caches, for all boxes that start from now on.

    Raises ``MissingPart`` when a step fails: compiling then works without, and slower.
    """
    place = toolchain_folder(language.name)
    make_base()
    _remove_stale(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{language.name}.", dir=place.parent))
    try:
        _fill(folder, language, sandbox)
        _swap_in(folder, place)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _fill(folder: Path, language: Language, sandbox: Sandbox) -> None:
    folder.chmod(0o755)
    assert language.caches is not None
    for step in language.caches.steps:
        _unpack(_made_by(step, folder.name, language, sandbox), folder)
    recipe = folder / _RECIPE
    recipe.write_text(_recipe_of(language.caches), encoding="ascii")
    recipe.chmod(0o444)


def prove(language: Language, sandbox: Sandbox) -> str:
    """The version that answered, after ``hello`` was built and run in real boxes.

    Raises ``MissingPart`` with the line that installs the language when either failed.
    """
    try:
        files = {language.source: language.hello.encode()}
        built = build(language=language.name, files=files, sandbox=sandbox)
        result = sandbox.run(built.request(limits=Limits()), stdin=_GREETING)
    except NotCompiled as problem:
        raise _missing(language, f"hello does not build ({problem.result.ending})") from None
    if result.ending is not Ending.EXITED or result.stdout.strip() != _ANSWER:
        raise _missing(language, f"hello does not run ({result.ending})")
    return version_of(language, sandbox)


def version_of(language: Language, sandbox: Sandbox) -> str:
    """The first line that the language's own ``version`` command prints in a box."""
    command = Command(argv=language.version, memory_bytes=2**29, address_bytes=4 * 2**30)
    result = sandbox.run(_box(command, language.name))
    lines = (result.stdout or result.stderr).decode("utf-8", "replace").strip().splitlines()
    return lines[0][:80] if lines else "unknown version"


def _recipe_of(caches: Caches) -> str:
    return hashlib.sha256(repr(caches).encode()).hexdigest()


def _made_by(step: Command, toolchain: str, language: Language, sandbox: Sandbox) -> bytes:
    result = sandbox.run(_box(step, toolchain))
    if not _well(result):
        first = result.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
        raise _missing(language, f"its cache cannot be made: {first or result.ending}")
    return result.stdout


def _well(result: BoxResult) -> bool:
    return result.ending is Ending.EXITED and result.exit_code == 0


def _missing(language: Language, problem: str) -> MissingPart:
    return MissingPart(f"{language.title}: {problem}", mend=language.install)


def _box(command: Command, toolchain: str) -> BoxRequest:
    return BoxRequest(
        argv=command.argv,
        environment=command.environment,
        toolchain=toolchain,
        address_bytes=command.address_bytes,
        cpu_seconds=_STEP_CPU_SECONDS,
        wall_seconds=6 * _STEP_CPU_SECONDS,
        memory_bytes=command.memory_bytes,
        output_bytes=_STEP_OUTPUT,
        scratch_bytes=_STEP_SCRATCH,
        processes=command.processes,
    )


def _unpack(content: bytes, folder: Path) -> None:
    """Plain files and folders only, readable by anyone; times stay, caches compare them."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
        for member in tar:
            name = member.name.removeprefix("./")
            if name in ("", ".") or not is_inner_path(name):
                continue
            path = folder / name
            if member.isdir():
                path.mkdir(mode=0o755, exist_ok=True)
            elif member.isfile():
                source = tar.extractfile(member)
                assert source is not None
                path.write_bytes(source.read())
                path.chmod(0o555 if member.mode & stat.S_IXUSR else 0o444)
                os.utime(path, (member.mtime, member.mtime))


def _swap_in(folder: Path, place: Path) -> None:
    """``place`` is a link: replacing it takes nothing from a box that follows the old one."""
    link = folder.with_name(f"{folder.name}.link")
    link.symlink_to(folder.name)
    link.replace(place)


def _remove_stale(place: Path) -> None:
    """What was replaced a day ago: no box uses it any more."""
    current = place.resolve()
    for folder in place.parent.glob(f"{place.name}.*"):
        old = time.time() - folder.lstat().st_mtime > _STALE_SECONDS
        if folder.is_dir() and old and folder.resolve() != current:
            shutil.rmtree(folder, ignore_errors=True)
