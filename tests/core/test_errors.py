"""Three kinds of failure that never mix, each saying what to do."""

import pytest

from benchserver.core.errors import (
    BadInput,
    BenchserverError,
    MissingPart,
    NotAllowed,
    PlatformFault,
)


def test_bad_input_says_where_what_and_how_to_mend_it():
    said = str(BadInput("it has no tests", place="pool/7", mend="Add tests.json."))
    assert said == "pool/7: it has no tests. Add tests.json."
    assert str(BadInput("it is empty")) == "it is empty"


def test_a_refusal_carries_a_code_that_programs_can_read():
    refusal = NotAllowed("your quota is used", code="quota_used", mend="Wait.")
    assert (refusal.code, str(refusal)) == ("quota_used", "your quota is used. Wait.")


def test_our_failures_are_neither_the_input_nor_a_rule():
    missing = MissingPart("the key", mend="Set KEY_FILE")
    assert missing.code == "missing_part"
    assert str(missing) == "missing_part: the key. Set KEY_FILE"
    assert isinstance(missing, PlatformFault)
    assert not issubclass(PlatformFault, BadInput | NotAllowed)
    assert not issubclass(BadInput, PlatformFault)
    assert not issubclass(NotAllowed, PlatformFault)


@pytest.mark.parametrize("kind", [BadInput, NotAllowed, PlatformFault, MissingPart])
def test_all_have_one_root(kind):
    assert issubclass(kind, BenchserverError)
