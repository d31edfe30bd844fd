"""The contract of a language: one declarative file says how its programs are built and run.

A ``Language`` is plain data: no code of a language file runs anything. Example: C++ compiles
``/box/main.cpp`` to a binary on stdout, and that binary is all that the run box gets. Commands name
paths inside a box; ``doctor`` proves each language by running its ``hello`` in a real box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What our scripts in a box end with. NOT_COMPILED counts only with SYNTAX_MARK alone on stderr.
NO_TOOLCHAIN = 97
NOT_COMPILED = 93
SYNTAX_MARK = b"\0not compiled\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program start in a box. The byte figures are the *runtime's own* need, which is added
    to a task's limits so that every language has the same memory left for its data.

    ``{mebibytes}`` in an argument or a value of the environment becomes the task's memory limit.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int = 0
    address_bytes: int = 0
    processes: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Compile:
    """How sources become one file. ``command`` writes it to stdout; nothing else leaves the box.

    ``artefact``: its name under ``/box`` in the run box. Limits are ours, generous, not the task's:
    ``command.memory_bytes`` is the whole memory of the compile box. The command ends with
    ``NO_TOOLCHAIN`` when the compiler is not there, with another failure when the source is bad.
    """

    command: Command
    artefact: str
    cpu_seconds: float = 30.0
    scratch_bytes: int = 256 * 2**20
    output_bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """What a compiler need not do again: made once per machine, read-only under ``/toolchain``.

    Each of ``steps`` writes a tar of further files to stdout and sees those of the steps before;
    the last one puts into ``made-by`` what ``compilers``, a command of this machine's shell,
    prints: which compilers are there. It fails when they are not.
    """

    steps: tuple[Command, ...]
    compilers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """``source``: the name of a one-file program under ``/box``. ``install``: the line that
    installs what is missing. ``hello``: a program that reads a line and prints it in capitals.
    ``version``: prints the version; ``tested``: the versions this project is tested with.

    ``support``: files of ours beside the program in its run box. ``out_of_memory``: what the
    runtime itself says on stderr when memory ran out, counted only when the program failed.
    """

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
    caches: Caches | None = None
    support: Mapping[str, bytes] = field(default_factory=dict)
    out_of_memory: tuple[bytes, ...] = ()
