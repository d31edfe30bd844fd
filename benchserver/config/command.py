"""One entry for every command: ``./bench X``, ``manage.py X`` and the console script.

A command finds its database running: without ``DATABASE_URL`` the embedded Postgres is started, or
joined when ``bench up`` runs already, and left again afterwards; the broker likewise. Commands in
``ALONE`` touch neither. Example: ``benchserver import_tasks DIR --pool demo`` on a machine where
nothing runs starts Postgres and Valkey, imports, and leaves no process behind.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from benchserver.core.errors import BenchserverError
from benchserver.runtime.home import Home, default_home, open_home

ALONE = frozenset(
    (
        "check",
        "check_tasks",
        "collectstatic",
        "diffsettings",
        "grade",
        "help",
        "makemigrations",
        "measure",
        "prepare_toolchains",
        "reference_endpoint",
        "report",
        "simulate",
        "soak",
        "spectacular",
        "test",
        "verify",
        "version",
    )
)
COMMAND_PACKAGES = (
    "benchserver.console",
    "django.core",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
)
# Commands that need neither settings nor apps: they start in a third of the time and the memory.
WITHOUT_SETTINGS = frozenset({"grade"})
OWN_SERVICES = frozenset({"demo", "doctor", "up"})  # these start what they need themselves


def main() -> None:
    """Run the command line; errors of ours become one line and exit status 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchserver.config.settings")
    os.environ.setdefault("BENCHSERVER_HOME", str(default_home()))
    try:
        if sys.argv[1:2] and sys.argv[1] in WITHOUT_SETTINGS:
            _run_without_settings(sys.argv)
            return
        from django.core.management import execute_from_command_line

        with contextlib.ExitStack() as stack:
            if needs_home(sys.argv) and exists(sys.argv[1]):  # no home for a typo
                home = open_home()
                _prepare_keys(home)
                if sys.argv[1] not in OWN_SERVICES:
                    _start_services(home, stack, os.environ)
            execute_from_command_line(sys.argv)
    except BenchserverError as error:
        sys.exit(_report(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _run_without_settings(argv: list[str]) -> None:
    from benchserver.console.management.commands.grade import Command

    Command().run_from_argv(argv)


def exists(command: str) -> bool:
    """Is there such a command? Looked up by file, because Django's own list loads the settings,
    and those must be read after the keys are made."""
    return any(
        (Path(folder) / "management" / "commands" / f"{command}.py").is_file()
        for package in COMMAND_PACKAGES
        if (spec := find_spec(package)) is not None
        for folder in spec.submodule_search_locations or ()
    )


def needs_home(argv: list[str]) -> bool:
    """Does this command line touch the database, broker or keys?"""
    if len(argv) < 2 or argv[1].startswith("-") or argv[1] in ALONE:
        return False
    return not {"-h", "--help"} & set(argv)


def _prepare_keys(home: Home) -> None:
    """Make the keys at first use; a command run by the operator holds every right."""
    from benchserver.console.management.commands.up import prepare_keys
    from benchserver.runtime.parts import command_keys

    prepare_keys(home)
    for name, value in command_keys(home).items():
        os.environ.setdefault(name, value)


def _start_services(home: Home, stack: contextlib.ExitStack, environ: Mapping[str, str]) -> None:
    from benchserver.runtime.postgres import Postgres
    from benchserver.runtime.valkey import Valkey

    if not environ.get("DATABASE_URL"):
        stack.enter_context(Postgres(home))
    if not environ.get("BROKER_URL"):
        stack.enter_context(Valkey(home))


def _report(error: BenchserverError) -> int:
    print(f"benchserver: {error}", file=sys.stderr)
    return 2
