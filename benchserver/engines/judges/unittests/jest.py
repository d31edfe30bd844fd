"""JavaScript tests written for Jest, run by a small runner of ours on bare node.

It offers ``describe``, ``test``, ``expect`` and their kin, and modules with and without ending.
Example: ``xtest(...)`` and ``test.skip(...)`` are run like ``test(...)``. No package is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from benchserver.engines.judges.unittests.framework import Framework, Sentinels, laid, runner
from benchserver.engines.languages.javascript import JAVASCRIPT, NODE

_ENDINGS = ("js", "mjs", "cjs")
_RUN = (NODE, "--max-old-space-size={mebibytes}", "--experimental-vm-modules", "--no-warnings")


def _arrange(solution: Mapping[str, str], tests: Mapping[str, str]) -> dict[str, bytes]:
    files = laid(solution, tests)
    names = [path for path in tests if path.endswith(_ENDINGS)]
    files["tests.json"] = json.dumps(names).encode()
    files["run.mjs"] = runner("jest.mjs").encode()
    return files


def _with_sentinels(tests: Mapping[str, str], names: tuple[str, str]) -> Sentinels:
    path = next(path for path in tests if path.endswith(_ENDINGS))
    passing, failing = names
    text = (
        f"{tests[path]}\ntest({json.dumps(passing)}, () => {{ expect(2).toBe(2); }});\n"
        f"test({json.dumps(failing)}, () => {{ expect(2).toBe(3); }});\n"
    )
    return Sentinels(tests={**tests, path: text}, passing=passing, failing=failing)


JEST = Framework(
    name="jest",
    language=replace(
        JAVASCRIPT, support={}, run=replace(JAVASCRIPT.run, argv=(*_RUN, "/box/run.mjs"))
    ),
    mirrors=6,
    endings=_ENDINGS,
    arrange=_arrange,
    with_sentinels=_with_sentinels,
)
