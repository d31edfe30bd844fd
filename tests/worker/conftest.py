"""Fixtures of this room's tests."""

from tests.wired import key_folder, rogue, scripted, wired  # noqa: F401
