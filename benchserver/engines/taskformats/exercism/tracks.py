"""What each language track's exercises look like: data, one entry a language.

Example: a Rust exercise keeps its tests in ``tests/*.rs`` and lists ``Cargo.toml`` among what a
solution may change; here that file is configuration, because a manifest decides what the tests
are. ``support``: files beside the tests that they need and that ``config.json`` need not list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """``extensions``: of sources; the first names the language of a test file."""

    language: str
    framework: str
    extensions: tuple[str, ...]
    support: tuple[str, ...] = ()


TRACKS: tuple[Track, ...] = (
    Track(language="python", framework="pytest", extensions=("py",)),
    Track(language="javascript", framework="jest", extensions=("js", "mjs")),
    Track(language="go", framework="gotest", extensions=("go",), support=("*_test.go", "go.mod")),
    Track(language="rust", framework="cargo", extensions=("rs",), support=("Cargo.toml",)),
    Track(language="java", framework="junit", extensions=("java",)),
    Track(
        language="cpp",
        framework="catch2",
        extensions=("cpp", "h", "hpp", "cc"),
        support=("test/*.hpp", "test/*.cpp"),
    ),
)

# Files that decide what is built and tested: never the solution's, whatever a config lists.
MANIFESTS = frozenset(
    (
        *(
            "Cargo.toml",
            "Cargo.lock",
            "go.mod",
            "go.sum",
            "package.json",
            "build.gradle",
            "pom.xml",
        ),
        *("CMakeLists.txt", "Makefile", "conftest.py", "pytest.ini", "tox.ini", "setup.cfg"),
    )
)


def track_of(path: str) -> Track | None:
    """The track of a test file, by its ending."""
    ending = path.rpartition(".")[2]
    return next((track for track in TRACKS if ending in track.extensions), None)


def track_for(language: str) -> Track | None:
    return next((track for track in TRACKS if track.language == language), None)
