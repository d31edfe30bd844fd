"""What a solution may bring beside its own files, and what it may not."""

from __future__ import annotations

import pytest

from benchserver.core import solution
from benchserver.engines.judges.unittests.baggage import files_of, refused

ENDINGS = ("py", "js", "go", "rs", "java", "cpp", "h")


def is_refused(path: str, *, wanted: str) -> bool:
    files = {wanted: "", path: ""}
    return refused(files, wanted=(wanted,), tests=("the_tests.py",), endings=ENDINGS)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("conftest.py", "a.py"),
        ("sitecustomize.py", "a.py"),
        ("x.pth", "a.py"),
        ("pytest.ini", "a.py"),
        ("test_more.py", "a.py"),
        ("the_tests.py", "a.py"),
        ("unittest.py", "a.py"),
        ("random.py", "a.py"),
        ("pytest/__init__.py", "a.py"),
        ("package.json", "a.js"),
        ("more.spec.js", "a.js"),
        ("node_modules/x/index.js", "a.js"),
        ("build.rs", "src/lib.rs"),
        ("src/../build.rs", "src/lib.rs"),
        ("tests/more.rs", "src/lib.rs"),
        ("Cargo.toml", "src/lib.rs"),
        (".cargo/config.rs", "src/lib.rs"),
        ("go.mod", "a.go"),
        ("more_test.go", "a.go"),
        ("Bench_main.go", "a.go"),
        ("src/main/java/ATest.java", "src/main/java/A.java"),
        ("src/main/java/org/junit/A.java", "src/main/java/A.java"),
        ("src/test/java/B.java", "src/main/java/A.java"),
        ("Makefile", "a.cpp"),
        ("test/catch.hpp", "a.cpp"),
        ("catch.h", "a.h"),
        (".git/hooks/a.py", "a.py"),
    ],
)
def test_what_decides_about_tests_is_refused(path: str, wanted: str) -> None:
    assert is_refused(path, wanted=wanted)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("helper.py", "a.py"),
        ("frame.h", "a.h"),
        ("src/frame.rs", "src/lib.rs"),
        ("src/main/java/Frame.java", "src/main/java/A.java"),
        ("contest.go", "a.go"),
    ],
)
def test_a_plain_source_beside_its_own_is_allowed(path: str, wanted: str) -> None:
    assert not is_refused(path, wanted=wanted)


def test_a_crowd_of_files_is_refused() -> None:
    files = {f"a{n}.py": "" for n in range(100)}
    assert refused(files, wanted=("a1.py",), tests=(), endings=("py",))


def test_one_file_may_stand_alone_or_beside_others() -> None:
    joined = solution.join({"a.py": "1", "b.py": "2"})
    assert files_of("x = {}", wanted=("a.py",)) == {"a.py": "x = {}"}
    assert files_of(joined, wanted=("a.py",)) == {"a.py": "1", "b.py": "2"}
    assert files_of(solution.join({"c.py": ""}), wanted=("a.py",)) is None
    assert files_of("text", wanted=("a.h", "a.cpp")) is None
