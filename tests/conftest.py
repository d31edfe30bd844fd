"""Which engines may a test need, and what if the machine lacks them?

``docker``, ``gvisor`` and ``browser`` tests are skipped with the reason printed, unless the engine
is named in ``BENCH_REQUIRE`` (``./bench test --require docker,gvisor``): then they fail.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

import pytest

from tests import services

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@functools.cache
def missing(engine: str) -> str:
    """Why ``engine`` cannot be used here; empty when it can."""
    if engine == "browser":
        found = any(shutil.which(name) for name in BROWSERS)
        return "" if found else "no Chromium on PATH: apt-get install chromium"
    if not shutil.which("docker"):
        return "no docker command: apt-get install docker.io"
    template = "{{range $name, $_ := .Runtimes}}{{$name}} {{end}}"
    command = ["docker", "info", "--format", template]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if answer.returncode != 0:
        return "the Docker daemon does not answer: start dockerd"
    if engine == "gvisor" and "runsc" not in answer.stdout.split():
        return "Docker has no runtime runsc: apt-get install runsc, name it in daemon.json"
    return ""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """``-p no:django`` (the pure rooms, without any server) must not trip over its setting."""
    if not pluginmanager.hasplugin("django"):
        parser.addini("DJANGO_SETTINGS_MODULE", "unused without pytest-django")


def required(engine: str) -> bool:
    """Whether ``--require`` names it: then what it lacks is a failure and no reason to skip."""
    return engine in os.environ.get("BENCH_REQUIRE", "").split(",")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for engine in ("docker", "gvisor", "browser"):
        if item.get_closest_marker(engine) is None:
            continue
        reason = missing(engine)
        if reason and required(engine):
            pytest.fail(f"{engine} is required, but {reason}", pytrace=False)
        if reason:
            pytest.skip(f"{engine}: {reason}")


def pytest_unconfigure() -> None:
    services.stop()


@pytest.fixture
def even_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Companions of a withdrawn task are drawn evenly over the form, not by chance."""
    from tests.arrange import EvenLot

    monkeypatch.setattr("benchserver.pools.withdraw._LOT", EvenLot())
