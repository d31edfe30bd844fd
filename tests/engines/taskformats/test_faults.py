"""All faults come together, or none."""

from __future__ import annotations

import pytest

from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.faults import Faults, refuse_doubles, text_of, texts_of


def test_nothing_found_stops_nothing() -> None:
    faults = Faults()
    assert text_of({"a": "text"}, "a", faults=faults, place="f:1") == "text"
    faults.stop_if_any()
    assert faults.found == []


def test_all_faults_are_raised_together() -> None:
    faults = Faults()
    assert text_of({"a": 1}, "a", faults=faults, place="f:1") == ""
    assert text_of({}, "b", faults=faults, place="f:2") == ""
    assert texts_of({"c": [1]}, "c", faults=faults, place="f:3") == ()
    with pytest.raises(SourceFaults) as caught:
        faults.stop_if_any()
    assert [f.place for f in caught.value.faults] == ["f:1", "f:2", "f:3"]
    assert str(caught.value).count("\n") == 2


def test_an_id_used_three_times_is_two_faults_that_name_the_first() -> None:
    faults = Faults()
    refuse_doubles([("x", "f:1"), ("x", "f:2"), ("y", "f:3"), ("x", "f:4")], faults=faults)
    assert [f.place for f in faults.found] == ["f:2", "f:4"]
    assert all("f:1" in f.problem for f in faults.found)
