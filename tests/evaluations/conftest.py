"""Fixtures of this room's tests: a wired process, and a small board with one evaluation."""

import pytest

from tests import arrange
from tests.wired import key_folder, rogue, scripted, wired  # noqa: F401


@pytest.fixture
def stage(wired) -> arrange.Board:  # noqa: F811
    return arrange.board()


@pytest.fixture
def evaluation(stage):
    return arrange.started(stage)
