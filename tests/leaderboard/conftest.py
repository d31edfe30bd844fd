"""Fixtures of this room's tests."""

from tests.wired import key_folder, scripted, wired  # noqa: F401
