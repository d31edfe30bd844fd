"""Several files travel as one text, and no path of them leaves the solution."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.core.solution import is_inner_path, join, split

NAMES = st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5}){0,2}\.rs", fullmatch=True)


@given(st.dictionaries(NAMES, st.text(), min_size=1, max_size=4))
def test_files_come_back_as_they_were(files):
    assert split(join(files)) == files


def test_the_order_of_files_changes_nothing():
    assert join({"b": "1", "a": "2"}) == join({"a": "2", "b": "1"})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "print(1)", '{"a": 1}', '{"../a": ""}', '{"/a": ""}', "[" * 100_000]
)
def test_what_is_no_object_of_files_is_refused_in_one_way(text):
    with pytest.raises(BadInput, match="solution"):
        split(text)


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb", "c:d", "x" * 300]
)
def test_a_path_that_could_lead_elsewhere_is_no_inner_path(path):
    assert not is_inner_path(path)
    assert is_inner_path("src/lib.rs")
