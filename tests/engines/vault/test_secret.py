"""A secret shows itself to nobody who does not ask by name."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import PlatformFault
from benchserver.engines.vault.secret import Secret

MARKER = "MARKER-51ce"


@given(st.binary())
def test_a_secret_reveals_what_it_was_given(content: bytes) -> None:
    assert Secret(content).reveal() == content


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_back_as_text(text: str) -> None:
    assert Secret.of_text(text).text() == text


def test_no_way_of_printing_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret.of_text(MARKER)
    logging.getLogger("x").error("%s %r %s", secret, secret, {"k": [secret]})
    shown = [str(secret), repr(secret), f"{secret:>40}", f"{secret!r}", caplog.text]
    assert MARKER not in "".join(shown)
    assert str(secret) == "<sealed>"
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_never_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps({"k": Secret.of_text(MARKER)}, protocol=protocol)


def test_it_is_never_written_as_json_or_hashed() -> None:
    with pytest.raises(TypeError):
        json.dumps(Secret.of_text(MARKER))
    with pytest.raises(TypeError):
        hash(Secret.of_text(MARKER))


def test_equal_secrets_are_equal_and_copies_are_the_same_object() -> None:
    secret = Secret(b"a")
    assert secret == Secret(b"a")
    assert secret != Secret(b"b")
    assert secret != b"a"
    assert copy.deepcopy({"k": secret})["k"] is secret


@pytest.mark.parametrize(
    "act",
    [
        lambda: Secret(MARKER.encode() + b"\xff").text(),
        lambda: Secret.of_text(MARKER + "\ud800"),
    ],
)
def test_text_that_is_no_unicode_fails_without_showing_it(act: object) -> None:
    with pytest.raises(PlatformFault) as caught:
        act()  # type: ignore[operator]
    assert caught.value.__context__ is None
    # Source lines of this file name MARKER as an identifier; its value must not appear.
    assert MARKER not in "".join(traceback.format_exception(caught.value))
