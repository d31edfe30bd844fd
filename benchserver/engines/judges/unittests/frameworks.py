"""Which test framework: a literal table from the name in a task to how it is built and run.

Example: ``FRAMEWORKS["gotest"]``. A new framework is one file and one line here.
"""

from __future__ import annotations

from benchserver.engines.judges.unittests.cargo import CARGO
from benchserver.engines.judges.unittests.catch2 import CATCH2
from benchserver.engines.judges.unittests.framework import Framework
from benchserver.engines.judges.unittests.gotest import GOTEST
from benchserver.engines.judges.unittests.jest import JEST
from benchserver.engines.judges.unittests.junit import JUNIT
from benchserver.engines.judges.unittests.pytest import PYTEST

FRAMEWORKS: dict[str, Framework] = {
    framework.name: framework for framework in (PYTEST, JEST, GOTEST, CARGO, JUNIT, CATCH2)
}
