"""Caches are made once, by these compilers, hold plain files only, and change no verdict."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchserver.core.errors import MissingPart
from benchserver.core.task import Limits
from benchserver.engines.judges import toolchains as made
from benchserver.engines.judges.build import build
from benchserver.engines.judges.toolchains import is_stale, prepare, prove
from benchserver.engines.languages.base import Caches, Language
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.languages.scripts import state, step
from benchserver.engines.sandbox import toolchains
from benchserver.engines.sandbox.base import BoxRequest, Sandbox
from benchserver.engines.sandbox.bubblewrap import Bubblewrap
from tests.engines.languages.needed import require

SH = "/bin/sh"


def language_of(script: str, *compilers: str) -> Language:
    caches = Caches(steps=(step(script, SH),), compilers=(SH, "-c", state(*(compilers or (SH,)))))
    return replace(LANGUAGES["c"], name="toy", caches=caches)


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty place for caches that the users of boxes can reach."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.setattr(toolchains, "_base", lambda: folder / "all" / "toolchains")
        toolchains.make_base()
        yield folder / "all" / "toolchains"


@pytest.fixture
def own_sandbox(base: Path) -> Iterator[Sandbox]:
    """An engine that was started when the place was there."""
    try:
        engine = Bubblewrap()
    except MissingPart as problem:
        pytest.skip(f"no sandbox: {problem}")
    yield engine
    engine.close()


def test_what_a_step_made_is_read_only_in_boxes(base: Path, own_sandbox: Sandbox) -> None:
    toy = language_of("mkdir /tmp/made/in\necho kept >/tmp/made/in/side")
    assert is_stale(toy)
    prepare(toy, own_sandbox)
    assert not is_stale(toy)
    script = "cat /toolchain/in/side; echo x >/toolchain/in/side || echo refused"
    found = own_sandbox.run(BoxRequest(argv=(SH, "-c", script), toolchain="toy"))
    assert found.stdout == b"kept\nrefused\n"


def test_another_recipe_or_another_compiler_makes_it_stale(
    base: Path, own_sandbox: Sandbox
) -> None:
    prepare(language_of(":"), own_sandbox)
    assert not is_stale(language_of(":"))
    assert is_stale(language_of("true"))
    (base / "toy" / "made-by").chmod(0o644)
    (base / "toy" / "made-by").write_text("an older compiler")
    assert is_stale(language_of(":"))


def test_a_language_without_compilers_is_not_stale(base: Path) -> None:
    assert not is_stale(language_of(":", "/no/such/compiler"))
    assert not is_stale(LANGUAGES["python"])


def test_a_new_cache_takes_nothing_from_a_box_that_uses_the_old(
    base: Path, own_sandbox: Sandbox
) -> None:
    prepare(language_of("echo old >/tmp/made/file"), own_sandbox)
    before = (base / "toy").resolve()
    prepare(language_of("echo new >/tmp/made/file"), own_sandbox)
    assert (before / "file").read_text() == "old\n"
    assert (base / "toy" / "file").read_text() == "new\n"


def test_a_step_that_fails_leaves_nothing_behind(base: Path, own_sandbox: Sandbox) -> None:
    with pytest.raises(MissingPart):
        prepare(language_of("false"), own_sandbox)
    assert list(base.iterdir()) == []


def test_later_steps_see_what_earlier_ones_made(base: Path, own_sandbox: Sandbox) -> None:
    toy = language_of("cat /toolchain/first >/tmp/made/second")
    assert toy.caches
    first = step("echo one >/tmp/made/first")
    prepare(replace(toy, caches=replace(toy.caches, steps=(first, *toy.caches.steps))), own_sandbox)
    assert (base / "toy" / "second").read_text() == "one\n"


def test_only_plain_files_with_inner_names_are_unpacked(tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, kind in (
            ("../outside", tarfile.REGTYPE),
            ("/absolute", tarfile.REGTYPE),
            ("link", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("pipe", tarfile.FIFOTYPE),
            ("./plain", tarfile.REGTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    (tmp_path / "in").mkdir()
    made._unpack(content.getvalue(), tmp_path / "in")
    assert [path.name for path in tmp_path.rglob("*") if path.name != "in"] == ["plain"]


@pytest.mark.parametrize("language", ["go", "java", "typescript"])
def test_without_caches_a_compile_is_slower_and_otherwise_the_same(
    language: str, sandbox: Sandbox, base: Path, own_sandbox: Sandbox
) -> None:
    require(language, sandbox)
    known = LANGUAGES[language]
    built = build(
        language=language, files={known.source: known.hello.encode()}, sandbox=own_sandbox
    )
    found = own_sandbox.run(built.request(limits=Limits()), stdin=b"same\n")
    assert found.stdout.strip() == b"SAME"


@pytest.mark.parametrize("language", ["go", "java", "typescript"])
def test_a_cache_of_another_compiler_is_not_used(
    language: str, sandbox: Sandbox, base: Path, own_sandbox: Sandbox
) -> None:
    require(language, sandbox)
    (base / language).mkdir()
    (base / language / "made-by").write_text("1 1\n")
    for name in ("tools", "public.cfg", "all.cfg", "compiler.blob", "build.jar", "build.jsa"):
        (base / language / name).write_text("what another compiler made")
    known = LANGUAGES[language]
    files = {known.source: known.hello.encode()}
    assert build(language=language, files=files, sandbox=own_sandbox).files


def test_a_proof_names_the_version_that_answered(sandbox: Sandbox) -> None:
    assert prove(LANGUAGES["python"], sandbox).startswith("Python 3")


def test_a_language_that_does_not_run_is_missing_and_says_what_installs_it(
    sandbox: Sandbox,
) -> None:
    broken = replace(LANGUAGES["bash"], hello="echo something else")
    with pytest.raises(MissingPart, match="does not run") as problem:
        prove(broken, sandbox)
    assert problem.value.mend == "apt install bash"
