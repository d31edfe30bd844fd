"""The composition root: each process gets what its key files allow, and fails by name otherwise."""

from __future__ import annotations

import pytest

from benchserver import wiring
from benchserver.core.errors import BadInput, MissingPart
from benchserver.engines.vault.base import CannotOpen, Context, Right
from tests.wired import clear_wiring, key_folder, wired  # noqa: F401

HERE = Context(table="t", row="1", field="f")


def sealed(right: Right):
    key, fields = wiring.sealer().seal(right, {HERE: b"secret"})
    return key, fields[HERE]


def test_a_process_with_both_rights_opens_what_it_sealed(wired):  # noqa: F811
    for right in Right:
        key, field = sealed(right)
        assert wiring.opener().open(key, HERE, field) == b"secret"


@pytest.mark.parametrize("mine", list(Right))
def test_a_worker_of_one_right_cannot_open_the_other(wired, settings, mine):  # noqa: F811
    other = next(right for right in Right if right is not mine)
    setattr(settings, f"OPEN_{other.name}_KEY_FILE", None)
    clear_wiring()
    assert wiring.opener().open(*_at(sealed(mine))) == b"secret"
    with pytest.raises(CannotOpen):
        wiring.opener().open(*_at(sealed(other)))


def _at(pair):
    return pair[0], HERE, pair[1]


def test_without_the_signing_key_the_setting_is_named(wired, settings):  # noqa: F811
    settings.SIGNING_KEY_FILE = None
    clear_wiring()
    with pytest.raises(MissingPart, match="SIGNING_KEY_FILE"):
        wiring.signer()


def test_the_judge_image_names_the_judges_own_sources():
    assert wiring.judge_image().startswith("sha256:")
    assert len(wiring.judge_image()) == 7 + 64
    wiring.judge_image.cache_clear()
    before = wiring.judge_image()
    wiring.judge_image.cache_clear()
    assert wiring.judge_image() == before


def test_an_address_the_policy_forbids_is_refused_before_any_lookup(wired):  # noqa: F811
    for url in ("http://example.org/v1", "https://127.0.0.1/v1", "https://u:p@example.org/"):
        with pytest.raises(BadInput):
            wiring.check_address(url)


def test_an_unknown_wire_protocol_lists_the_known_ones(wired):  # noqa: F811
    with pytest.raises(BadInput, match="openai_chat"):
        wiring.endpoint("telepathy")
    assert "openai_chat" in wiring.protocols()


def test_the_mac_key_depends_on_the_secret_and_is_not_it(wired, settings, key_folder):  # noqa: F811
    first = wiring.mac_key()
    secret = settings.SECRET_KEY_FILE.read_bytes().strip()
    assert len(first) == 32
    assert secret not in first
    settings.SECRET_KEY_FILE = key_folder / "none.key"
    settings.SECRET_KEY = "another"
    clear_wiring()
    assert wiring.mac_key() != first


def test_what_others_must_share_is_not_made_with_ones_own_key(wired, settings, key_folder):  # noqa: F811
    assert wiring.shared_key() == wiring.mac_key()
    settings.SECRET_KEY_FILE = key_folder / "none.key"
    clear_wiring()
    assert wiring.shared_key() == b""


def test_the_engine_goes_by_the_settings(settings):
    settings.EVALUATIONS_PER_ROTATION = 5
    settings.EXPOSURE_PER_TASK = 3
    settings.LEASE_SECONDS = 7
    policy = wiring.engine_policy()
    assert (policy.evaluations_per_rotation, policy.exposure_per_task, policy.lease_seconds) == (
        5,
        3,
        7,
    )
