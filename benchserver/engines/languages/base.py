"""The contract of a language: one declarative file says how its programs are built and run.

A ``Language`` is plain data: no code of a language file runs anything. Example: C++ compiles
``/box/main.cpp`` to a binary on stdout, and that binary is all that the run box gets. Commands name
paths inside a box; ``doctor`` proves each language by running its ``hello`` in a real box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program start in a box. The byte figures are the *runtime's own* need, which is added
    to a task's limits so that every language has the same memory left for its data."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int = 0
    address_bytes: int = 0
    processes: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Compile:
    """How sources become one file. ``command`` writes it to stdout; nothing else leaves the box.

    ``artefact``: its name under ``/box`` in the run box. Limits are ours, generous, not the task's.
    """

    command: Command
    artefact: str
    cpu_seconds: float = 60.0
    scratch_bytes: int = 256 * 2**20
    output_bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """``source``: the name of a one-file program under ``/box``. ``install``: the line that
    installs what is missing. ``hello``: a program that reads a line and prints it in capitals.
    ``version``: prints the version; ``tested``: the versions this project is tested with."""

    name: str
    title: str
    extension: str
    source: str
    run: Command
    version: tuple[str, ...]
    tested: str
    install: str
    hello: str
    compile: Compile | None = None
