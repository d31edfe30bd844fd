"""Under which unprivileged account do services run?

An ordinary user runs everything as itself. Root never serves: it drops to the account named by
``BENCHSERVER_USER``, else to an existing user ``benchserver``, else to ``nobody``. No account is
ever created and no folder above ours is ever opened up.
Example: as root on a bare machine ``service_account()`` is the account ``nobody``.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from benchserver.core.errors import MissingPart


class PopenAccount(TypedDict, total=False):
    """The keyword arguments of ``subprocess.Popen`` that change the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """One Unix account. ``known`` is false for a bare uid that the machine has no name for."""

    name: str
    uid: int
    gid: int
    known: bool = True

    @property
    def foreign(self) -> bool:
        """Is this somebody else than the running process?"""
        return self.uid != os.geteuid()

    def popen(self) -> PopenAccount:
        """What ``Popen`` needs to become this account; empty when we are it already."""
        if not self.foreign:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path, mode: int) -> None:
        """Give ``path`` to this account with ``mode``; an ordinary user only sets the mode."""
        if self.foreign:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        path.chmod(mode)

    def can_enter(self, path: Path) -> bool:
        """May this account read and enter ``path``, by the mode bits down from the root?"""
        resolved = path.resolve()
        return all(self._allowed(each, 0o1) for each in resolved.parents) and self._allowed(
            resolved, 0o5
        )

    def _allowed(self, path: Path, want: int) -> bool:
        status = path.stat()
        if self.uid == 0:
            return True
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return (status.st_mode >> shift) & want == want


def service_account(environ: Mapping[str, str] = os.environ) -> Account:
    """The account of the services. Raises ``MissingPart`` when the named one does not exist."""
    if os.geteuid() != 0:
        return _ourselves()
    wanted = environ.get("BENCHSERVER_USER")
    for name in (wanted,) if wanted else ("benchserver", "nobody"):
        found = _look_up(name)
        if found is not None:
            return found
    raise MissingPart(
        f"account {wanted or 'nobody'} to run services under",
        mend="Set BENCHSERVER_USER to an existing unprivileged user",
    )


def _ourselves() -> Account:
    uid, gid = os.geteuid(), os.getegid()
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid)
    except KeyError:
        return Account(str(uid), uid, gid, known=False)


def _look_up(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid) if entry.pw_uid != 0 else None
