"""``soak`` is pytest under the tests' own settings, with pytest's own options."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.flows.live import ROOT

SCENARIO = """
import os
import pytest

@pytest.mark.soak
def test_slow():
    assert os.environ["DJANGO_SETTINGS_MODULE"] == "tests.settings"

@pytest.mark.soak
def test_not_asked_for():
    assert False

def test_quick():
    assert False
"""


def test_the_slow_ones_run_under_the_settings_of_tests(tmp_path: Path) -> None:
    file = tmp_path / "test_scenario.py"
    file.write_text(SCENARIO)
    options = ["-c", "pyproject.toml", "-k", "test_slow", "-p", "no:cacheprovider"]
    environ = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "manage.py", "soak", str(file), *options],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-800:] + done.stderr[-800:]
    assert "1 passed" in done.stdout
