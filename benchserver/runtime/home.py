"""Where do the embedded services keep their data?

``BENCHSERVER_HOME``, else ``/var/lib/benchserver`` for root, else ``.bench`` in the checkout, else
``~/.local/share/benchserver``. Below it ``pg/ valkey/ keys/ logs/ run/ static/``, each 0700 and
owned by the service account. A Unix socket's path must be short, so a deep home gets a folder in
``/run`` or ``/tmp`` for them.
Example: ``open_home(Path("/srv/bench")).keys == Path("/srv/bench/keys")``.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchserver.core.errors import MissingPart
from benchserver.runtime.account import Account, service_account

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("pg", "valkey", "keys", "logs", "run", "static")
DATABASE_USER = "benchserver"
LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes; the rest is for lock and temporary names
LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432")


@dataclass(frozen=True, slots=True)
class Home:
    """An opened home: its folders exist and belong to ``account``."""

    root: Path
    account: Account

    @property
    def pg(self) -> Path:
        return self.root / "pg"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def tag(self) -> str:
        """A short name that is this home's own: eight hex digits of its path's hash."""
        return _tag(self.root)

    @property
    def sockets(self) -> Path:
        """The folder of the Unix sockets: ``run/``, or a short one when that path is too long."""
        return _sockets(self.root)


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """The home's place for this user and environment, absolute; nothing is created."""
    if environ.get("BENCHSERVER_HOME"):
        return Path(environ["BENCHSERVER_HOME"]).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/benchserver")
    if os.access(CHECKOUT, os.W_OK):
        return CHECKOUT / ".bench"
    return Path.home() / ".local/share/benchserver"


def database_url(root: Path) -> str:
    """Where the embedded Postgres of this home listens (or will); nothing is created."""
    return f"postgresql://{DATABASE_USER}@/benchserver?host={quote(str(_sockets(root)))}"


def broker_url(root: Path) -> str:
    """Where the embedded Valkey of this home listens (or will); nothing is created."""
    return f"redis+socket://{quote(str(_sockets(root)))}/valkey.sock"


def open_home(root: Path | None = None, *, account: Account | None = None) -> Home:
    """Make the home's folders where missing and check them.

    Raises ``MissingPart`` when the service account could not reach or does not own them.
    """
    home = Home((root or default_home()).absolute(), account or service_account())
    home.root.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not home.account.can_enter(home.root):
        raise MissingPart(
            f"account {home.account.name} cannot enter {home.root}",
            mend="Set BENCHSERVER_HOME to a folder outside private homes",
        )
    for name in FOLDERS:
        _private_folder(home.root / name, home.account)
    _private_folder(home.sockets, home.account)
    return home


def _tag(root: Path) -> str:
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:8]


def _sockets(root: Path) -> Path:
    near = root / "run"
    if len(os.fsencode(near)) + LONGEST_SOCKET_NAME <= LONGEST_SOCKET_PATH:
        return near
    system = Path("/run") / f"benchserver-{_tag(root)}"
    return system if system.is_dir() or os.geteuid() == 0 else Path("/tmp") / f"bs-{_tag(root)}"


def _private_folder(path: Path, account: Account) -> Path:
    """``path`` as a 0700 folder of ``account``; a link or somebody else's folder is refused."""
    try:
        path.mkdir(mode=0o700)
        account.own(path, 0o700)
    except FileExistsError:
        pass
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != account.uid:
        raise MissingPart(
            f"{path} is not a folder of account {account.name}",
            mend="Move it away, or set BENCHSERVER_HOME to another folder",
        )
    if stat.S_IMODE(status.st_mode) != 0o700:
        path.chmod(0o700)
    return path
