"""Which files a solution may bring. What it may not bring decides how tests are found or run.

Example: beside ``src/lib.rs`` a solution may add ``src/frame.rs``, but no ``build.rs``, no
``Cargo.toml`` and no test file. Names are compared without case, since some tools do not care.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterable, Mapping

from benchserver.core import solution
from benchserver.core.errors import BadInput

_MOST_FILES = 40
_DENIED = re.compile(
    r"(?:^|/)(?:\..*|__pycache__(?:/.*)?|node_modules(?:/.*)?|META-INF(?:/.*)?|vendor(?:/.*)?"
    r"|conftest\.py|(?:site|user)customize\.py|setup\.(?:py|cfg)|tox\.ini|pytest\.ini"
    r"|pyproject\.toml|test_[^/]*\.py|[^/]*_test\.(?:py|go|cpp|cc)|[^/]*\.pth"
    r"|package(?:-lock)?\.json|[^/]*\.(?:spec|test)\.m?js|(?:jest|babel|vite)[^/]*\.config\.\w+"
    r"|build\.rs|cargo\.(?:toml|lock)|go\.(?:mod|sum|work)|module-info\.java"
    r"|[^/]*tests?\.java|bench[^/]*\.(?:java|go|rs)|junit-platform\.properties"
    r"|build\.gradle(?:\.kts)?|settings\.gradle|pom\.xml|(?:gnu)?makefile|cmakelists\.txt"
    r"|catch(?:2)?\.h(?:pp)?|tests?/.*|spec/.*)$"
    r"|(?:^|/)(?:org/(?:junit|assertj|opentest4j|apiguardian)|javax?/(?:lang|util|io|nio|net)|jdk)/",
    re.IGNORECASE,
)
_PYTHON_TOOLS = frozenset(("pytest", "_pytest", "pluggy", "iniconfig", "packaging"))


def files_of(code: str, *, wanted: tuple[str, ...]) -> dict[str, str] | None:
    """The files of a solution's text; None when it is several files in no form that we know.

    The one file of a task may stand alone, or beside others that it needs.
    """
    try:
        files = solution.split(code)
    except BadInput:
        return {wanted[0]: code} if len(wanted) == 1 else None
    return files if set(files) & set(wanted) else None


def refused(
    files: Mapping[str, str],
    *,
    wanted: Iterable[str],
    tests: Iterable[str],
    endings: tuple[str, ...],
) -> bool:
    """Whether ``files`` hold one that is neither ``wanted`` nor a plain source beside those."""
    own = set(wanted)
    laid = {path.lower() for path in tests}
    homes = {posixpath.dirname(path) for path in own}
    if len(files) > _MOST_FILES:
        return True
    return any(
        path.lower() in laid or not _is_plain(path, homes=homes, endings=endings)
        for path in files
        if path not in own
    )


def _is_plain(path: str, *, homes: set[str], endings: tuple[str, ...]) -> bool:
    ending = path.rpartition(".")[2]
    if ending not in endings or _DENIED.search(path):
        return False
    first = path.split("/")[0].removesuffix(".py")
    if ending == "py" and (first in sys.stdlib_module_names or first in _PYTHON_TOOLS):
        return False
    return any(not home or path.startswith(f"{home}/") for home in homes)
