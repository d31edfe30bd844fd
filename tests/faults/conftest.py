"""One stage for all scenarios of a file; each prints its line even when it passes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.stage import Stage


@pytest.fixture(scope="package")
def stage(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    manager = request.config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with manager.global_and_fixture_disabled():
            print(f"\n{line}", flush=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPOSURE_PER_TASK", "1000")
        patch.setenv("EVALUATIONS_PER_ROTATION", "1000")
        with Stage(tmp_path_factory.mktemp("faults"), say) as made:
            yield made
