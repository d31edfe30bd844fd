"""Where data lies, and that nobody else can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from benchserver.core.errors import MissingPart
from benchserver.runtime import home as homes
from tests.runtime.helpers import throwaway_home


def test_every_folder_is_private_to_the_service_account():
    with throwaway_home() as home:
        for name in homes.FOLDERS:
            status = (home.root / name).stat()
            assert stat.S_IMODE(status.st_mode) == 0o700
            assert status.st_uid == home.account.uid


def test_opening_twice_keeps_what_is_there():
    with throwaway_home() as home:
        (home.keys / "secret.key").write_text("kept")
        assert (homes.open_home(home.root).keys / "secret.key").read_text() == "kept"


def test_a_link_in_place_of_a_folder_is_refused():
    with throwaway_home() as home:
        home.keys.rmdir()
        home.keys.symlink_to("/etc")
        with pytest.raises(MissingPart, match="keys"):
            homes.open_home(home.root)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user serves as itself")
def test_a_home_the_service_account_cannot_enter_is_refused_and_not_opened_up(tmp_path: Path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(MissingPart, match="BENCHSERVER_HOME"):
        homes.open_home(private / "home")
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_a_deep_home_gets_a_short_socket_folder():
    deep = Path("/srv") / ("x" * 120)
    url = homes.database_url(deep)
    assert len(url.partition("host=")[2]) < 60
    assert homes.database_url(Path("/srv/bench")).endswith("host=/srv/bench/run")


def test_the_home_is_named_by_the_environment_first():
    assert homes.default_home({"BENCHSERVER_HOME": "/srv/bench"}) == Path("/srv/bench")
