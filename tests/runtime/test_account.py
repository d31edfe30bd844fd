"""Root never serves; nobody else changes account."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from benchserver.core.errors import MissingPart
from benchserver.runtime.account import Account, service_account

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes account")


@AS_ROOT
def test_root_serves_as_an_unprivileged_account():
    account = service_account({})
    assert account.uid != 0
    assert account.popen() == {"user": account.uid, "group": account.gid, "extra_groups": []}


@AS_ROOT
def test_the_named_account_is_used_and_root_itself_is_refused():
    assert service_account({"BENCHSERVER_USER": "daemon"}).uid == pwd.getpwnam("daemon").pw_uid
    with pytest.raises(MissingPart, match="BENCHSERVER_USER"):
        service_account({"BENCHSERVER_USER": "root"})


@AS_ROOT
def test_an_unknown_account_is_named_with_its_mend():
    with pytest.raises(MissingPart, match=r"account ghost.*BENCHSERVER_USER"):
        service_account({"BENCHSERVER_USER": "ghost"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root changes account")
def test_an_ordinary_user_serves_as_itself():
    assert service_account({}).popen() == {}


def test_a_folder_below_a_private_home_cannot_be_entered(tmp_path: Path):
    stranger = Account("stranger", 4_000_000, 4_000_000)
    private = tmp_path / "private"
    (private / "inside").mkdir(parents=True, mode=0o755)
    private.chmod(0o700)
    assert not stranger.can_enter(private / "inside")
    assert stranger.can_enter(Path("/usr/bin"))
