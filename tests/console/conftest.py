"""A wired process for the operator's commands."""

from tests.wired import key_folder, wired  # noqa: F401
