"""Which combinations of settings are unsafe? Each is a system check with an id and a mend.

They run with ``manage.py check`` and before every ``migrate``, the first step of ``bench up`` and
of every deployment, so an unsafe service does not start. Example: ``PRODUCTION=1 DEBUG=1`` stops
with ``benchserver.E001``. A web process runs no system checks by itself: ``refuse_unsafe_web()`` is
for its entry point. What no program can see (whether database and private keys share a disk) stands
in ``docs/operations.md``.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

EVERY_HOST = "*"
ONLY_HERE = frozenset(("127.0.0.1", "localhost", "[::1]", "testserver"))
EXAMPLE_ORIGIN = "benchserver.example/"
PUBLISHED_MIN_CELL = 20
PRIVATE_HALVES = ("OPEN_GENERATE_KEY_FILE", "OPEN_EXECUTE_KEY_FILE", "SIGNING_KEY_FILE")
WEB_ENTRY = "benchserver.config.wsgi"


@register(Tags.security)
def check_unsafe(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every unsafe combination found in this process's settings; empty when all is well."""
    found: list[CheckMessage] = [*_open_key_files(), *_keys_of_the_web()]
    if settings.PRODUCTION:
        found += [*_debug(), *_secret(), *_local_endpoints(), *_hosts(), *_public_url()]
        found += [*_log_name(), *_small_cells(), *_one_volume()]
    return sorted(found, key=lambda message: str(message.id))


def refuse_unsafe_web() -> None:
    """For the web's entry point: raises ``ImproperlyConfigured`` with every error at once."""
    errors = [m for m in check_unsafe(None) if m.is_serious()]
    if errors:
        raise ImproperlyConfigured("; ".join(f"{m.id}: {m.msg} {m.hint}" for m in errors))


def _debug() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error(
            "DEBUG shows settings and code to whoever meets an error.",
            hint="Unset DEBUG where PRODUCTION is set.",
            id="benchserver.E001",
        )


def _secret() -> Iterator[CheckMessage]:
    """Without the file every process makes up a key of its own and sessions break at random."""
    path: Path = settings.SECRET_KEY_FILE
    if not (path.is_file() and os.access(path, os.R_OK)):
        yield Error(
            f"SECRET_KEY_FILE {path} cannot be read.",
            hint="Name a file of at least 50 random characters, mode 0400, owned by this account.",
            id="benchserver.E002",
        )


def _local_endpoints() -> Iterator[CheckMessage]:
    if settings.ENDPOINT_ALLOW_LOCAL:
        yield Error(
            "ENDPOINT_ALLOW_LOCAL lets endpoints be addresses inside this machine.",
            hint="Unset it; it is for development.",
            id="benchserver.E003",
        )


def _hosts() -> Iterator[CheckMessage]:
    hosts = set(settings.ALLOWED_HOSTS)
    if not hosts - ONLY_HERE or EVERY_HOST in hosts:
        yield Error(
            "ALLOWED_HOSTS does not name the public host.",
            hint="Set ALLOWED_HOSTS to the exact names the reverse proxy serves, comma separated.",
            id="benchserver.E004",
        )


def _public_url() -> Iterator[CheckMessage]:
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme != "https" or not url.hostname:
        yield Error(
            "PUBLIC_URL is not an https address.",
            hint="Set PUBLIC_URL to https://HOST, as readers type it.",
            id="benchserver.E005",
        )


def _keys_of_the_web() -> Iterator[CheckMessage]:
    """The web may seal and never open (D5), so it must not even be told where the halves lie."""
    held = [name for name in PRIVATE_HALVES if getattr(settings, name)]
    if held and WEB_ENTRY in sys.modules:
        yield Error(
            f"the web process holds {', '.join(held)}.",
            hint="Unset them where gunicorn runs; each belongs to one worker.",
            id="benchserver.E006",
        )


def _open_key_files() -> Iterator[CheckMessage]:
    for path in _private_files():
        mode = _mode_open_to_others(path)
        if mode is not None:
            yield Error(
                f"{path} has mode {mode:04o}: others can use the key.",
                hint=f"Run: chmod 400 {path}",
                id="benchserver.E007",
            )


def _private_files() -> Sequence[Path]:
    """The private files that the settings name, and whatever else lies in the key folder."""
    named = [settings.SECRET_KEY_FILE, *(getattr(settings, name) for name in PRIVATE_HALVES)]
    try:
        lying = sorted(settings.KEYS_DIR.glob("*.key"))
    except OSError:
        lying = []
    return list(dict.fromkeys(Path(path) for path in (*named, *lying) if path))


def _mode_open_to_others(path: Path) -> int | None:
    """The mode when it is too open, else None. As in the vault: a group may read only a file of
    another owner, since that is how a cluster mounts a secret."""
    try:
        found = path.stat()
    except OSError:
        return None  # absent, or closed to this process, which is what is wanted
    mode = stat.S_IMODE(found.st_mode)
    allowed = 0o740 if found.st_uid != os.geteuid() else 0o700
    return mode if mode & ~allowed else None


def _log_name() -> Iterator[CheckMessage]:
    """The name is part of every signature: changed later, it is another log."""
    if settings.LOG_ORIGIN.startswith(EXAMPLE_ORIGIN):
        yield Warning(
            "LOG_ORIGIN is the example's name; every signature will carry it for good.",
            hint="Set LOG_ORIGIN to HOST/results before the first rotation opens.",
            id="benchserver.W008",
        )


def _small_cells() -> Iterator[CheckMessage]:
    if settings.MIN_CELL < PUBLISHED_MIN_CELL:
        yield Warning(
            f"MIN_CELL is {settings.MIN_CELL}: a board may rest on fewer tasks than promised.",
            hint=f"Unset MIN_CELL, or set it to {PUBLISHED_MIN_CELL} or more.",
            id="benchserver.W009",
        )


def _one_volume() -> Iterator[CheckMessage]:
    """Of the embedded database it can be seen: its folder and the private halves on one volume."""
    data = settings.BENCHSERVER_HOME / "pg"
    halves = [path for path in map(_private_half, PRIVATE_HALVES[:2]) if path.is_file()]
    if settings.EMBEDDED_DATABASE and any(_volume(data) == _volume(path) for path in halves):
        yield Warning(
            "Private keys lie on the database's volume: whoever copies it can open everything.",
            hint="Set DATABASE_URL to a server of its own, or the OPEN_*_KEY_FILE to another disk.",
            id="benchserver.W010",
        )


def _private_half(name: str) -> Path:
    usual = name.removesuffix("_KEY_FILE").lower() + ".key"
    return Path(getattr(settings, name) or settings.KEYS_DIR / usual)


def _volume(path: Path) -> int | None:
    try:
        return path.stat().st_dev
    except OSError:
        return None
