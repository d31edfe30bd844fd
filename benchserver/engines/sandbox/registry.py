"""Which sandbox engine: a literal table from name to factory, and ``auto``.

A new engine is one file and one line here. Example: ``open_sandbox("auto")`` gives the first
engine of the table that this machine has, probed, or refuses with the line that mends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from benchserver.core.errors import BadInput, MissingPart
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.sandbox.bubblewrap import Bubblewrap
from benchserver.engines.sandbox.docker.daemon import images_here
from benchserver.engines.sandbox.docker.engine import Docker

RUNTIMES = ("runc", "runsc")
ENGINES: dict[str, Callable[[], Sandbox]] = {
    "bubblewrap": Bubblewrap,
    "docker": Docker,
    "docker+runsc": partial(Docker, runtime="runsc"),
}


def engine_name(sandbox: str, *, runtime: str) -> str:
    """The engine that two settings name together: ``docker`` and ``runsc``: ``docker+runsc``.

    A runtime that the engine would ignore is refused: it was asked for, so it is not dropped.
    """
    if runtime in ("", "runc"):
        return sandbox
    if sandbox == "bubblewrap":
        raise BadInput(
            f"bubblewrap has no runtime {runtime!r}", place="SANDBOX_RUNTIME", mend="Remove it"
        )
    return f"docker+{runtime}"


def open_sandbox(name: str = "auto") -> Sandbox:
    """A probed engine. Raises ``BadInput`` on an unknown name, ``MissingPart`` when it fails."""
    if name != "auto":
        if name not in ENGINES:
            known = ", ".join(["auto", *ENGINES])
            raise BadInput(
                f"unknown sandbox {name!r}", place="sandbox", mend=f"Use one of: {known}"
            )
        return _probed(ENGINES[name])
    problems: list[MissingPart] = []
    for factory in ENGINES.values():
        try:
            return _probed(factory)
        except MissingPart as problem:
            problems.append(problem)
    raise problems[0]


def images_of(name: str) -> Mapping[str, str]:
    """Toolchain -> id of the images that an engine makes its boxes of on this machine.

    ``auto`` may end at Docker: then they count when a daemon answers. Raises ``MissingPart`` when
    Docker was named and does not answer.
    """
    if name == "bubblewrap":
        return {}
    try:
        return images_here(runtime="runsc" if name == "docker+runsc" else "runc")
    except MissingPart:
        if name == "auto":
            return {}
        raise


def _probed(factory: Callable[[], Sandbox]) -> Sandbox:
    sandbox = factory()
    try:
        sandbox.probe()
    except BaseException:
        sandbox.close()
        raise
    return sandbox
