"""Skip with the reason and the line that installs it where a toolchain is not on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

_NEEDS = {
    "jest": ("/usr/bin/node",),
    "gotest": ("/usr/bin/go",),
    "cargo": ("/usr/bin/rustc", "/usr/bin/gcc"),
    "junit": ("/usr/bin/javac", "/usr/share/java/junit-jupiter-api.jar"),
    "catch2": ("/usr/bin/g++", "/usr/include/catch2/catch.hpp"),
    "pytest": (),
}
_INSTALL = {
    "jest": "apt install nodejs",
    "gotest": "apt install golang-go",
    "cargo": "apt install rustc gcc libc6-dev",
    "junit": "apt install openjdk-17-jdk-headless junit5 libassertj-core-java",
    "catch2": "apt install g++ catch2",
}


def need(framework: str) -> None:
    if not all(Path(path).exists() for path in _NEEDS[framework]):
        pytest.skip(f"{framework} is not on this machine: {_INSTALL[framework]}")
