"""Names are time-ordered inside, opaque outside (D20)."""

import re
import time
import uuid

from benchserver.core.ids import new_id, opaque


def test_an_id_is_a_uuid_of_version_seven_and_names_its_millisecond():
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert made.variant == uuid.RFC_4122
    assert made.version == 7
    assert before <= made.int >> 80 <= after


def test_ids_of_later_milliseconds_sort_after_earlier_ones():
    first = new_id()
    time.sleep(0.003)
    assert first < new_id()


def test_a_thousand_ids_of_one_moment_are_a_thousand():
    assert len({new_id() for _ in range(1000)}) == 1000


def test_a_public_name_is_a_prefix_and_sixty_random_bits_without_look_alikes():
    names = {opaque("ev") for _ in range(500)}
    assert len(names) == 500
    assert all(re.fullmatch(r"ev_[0-9a-hjkmnp-tv-z]{12}", name) for name in names)
