"""The project's settings over a throwaway Postgres and Valkey: servers first, settings after."""

from tests import services

services.start()

from benchserver.config.settings import *  # noqa: E402, F403
