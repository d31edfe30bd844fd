"""The contract of a test framework: tests + solution -> a project that runs one test a process.

Example: ``gotest`` lays the solution and the tests into one package beside a ``TestMain`` of ours
and compiles it to a binary; ``/box/tests run TestX`` runs that one test, ``list`` names them all.

What every runner keeps: with ``list`` it writes the ids of all tests to fd 4 as a JSON list of
strings. With ``run ID`` it runs that test, skipped or not; only after its body, and only when it
passed, it writes ``done`` and a line end to fd 4, reads a nonce of 32 bytes from fd 3, writes it
to fd 4 and ends with status 0. A test that failed writes ``failed`` and a line end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchserver.engines.languages.base import Language

_RUNNERS = Path(__file__).parent / "runners"
PROJECT = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinels:
    """Tests with two more among them: ``passing`` and ``failing`` are the ids of the new ones."""

    tests: Mapping[str, str]
    passing: str
    failing: str


def _nothing(tests: Mapping[str, str]) -> dict[str, bytes]:
    del tests
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """``endings``: of files a solution may bring beside its own. ``mirrors``: how many mirrored
    tests one judgement runs, fewer where a process is dear.

    ``arrange(solution, tests)``: all files of the boxes by their path under ``/box``, the tests
    laid over the solution. ``with_sentinels(tests, names=...)``: the tests and two more; ``names``
    are plain words. ``shared(tests)``: files that build into one file for every submission
    (``/box/shared``), none when empty.
    """

    name: str
    language: Language
    endings: tuple[str, ...]
    mirrors: int
    arrange: Callable[[Mapping[str, str], Mapping[str, str]], dict[str, bytes]]
    with_sentinels: Callable[[Mapping[str, str], tuple[str, str]], Sentinels]
    shared: Callable[[Mapping[str, str]], dict[str, bytes]] = _nothing


def runner(name: str) -> str:
    """The text of one of our programs for the box."""
    return (_RUNNERS / name).read_text(encoding="utf-8")


def laid(solution: Mapping[str, str], tests: Mapping[str, str]) -> dict[str, bytes]:
    """Both under ``/box/project``, the tests last."""
    both = {**solution, **tests}
    return {
        f"{PROJECT}/{path}": text.encode("utf-8", "surrogatepass") for path, text in both.items()
    }
