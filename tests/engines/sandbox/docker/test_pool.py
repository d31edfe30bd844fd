"""Containers are made ahead for the shapes that are asked for, used once, and all removed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.docker.hardening import Shape
from benchserver.engines.sandbox.docker.pool import Pool


class Made:
    """Stands for a container: whether it is fresh, and whether it was removed."""

    def __init__(self, shape: Shape) -> None:
        self.shape, self.fresh, self.removed = shape, True, False

    def is_fresh(self) -> bool:
        return self.fresh

    def remove(self) -> None:
        self.removed = True


def shape(number: int) -> Shape:
    return Shape(image="i", memory_bytes=number, processes=1, scratch_bytes=1)


class Workshop:
    def __init__(self) -> None:
        self.made: list[Made] = []
        self.broken = False
        self._mutex = threading.Lock()

    def make(self, wanted: Shape) -> Made:
        if self.broken:
            raise PlatformFault("docker", "create: no space left")
        with self._mutex:
            self.made.append(Made(wanted))
            return self.made[-1]

    def ready(self) -> Counter[Shape]:
        return Counter(each.shape for each in self.made if not each.removed)


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def pool(workshop: Workshop) -> Iterator[Pool]:
    pool = Pool(workshop.make, depth=3)  # type: ignore[arg-type]
    yield pool
    pool.close()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_no_container_is_handed_out_twice(pool: Pool, workshop: Workshop) -> None:
    taken = [pool.take(shape(1)) for _ in range(20)]
    assert len({id(each) for each in taken}) == 20


def test_a_shape_asked_for_again_is_made_ahead_up_to_the_depth(
    pool: Pool, workshop: Workshop
) -> None:
    for _ in range(5):
        pool.take(shape(1))
    assert eventually(lambda: len(workshop.made) == 5 + 3)
    pool.take(shape(2))
    time.sleep(0.05)
    assert workshop.ready()[shape(2)] == 1  # only the one that was asked for


def test_a_container_that_died_while_waiting_is_not_given_to_anyone(
    pool: Pool, workshop: Workshop
) -> None:
    for _ in range(5):
        pool.take(shape(1))
    assert eventually(lambda: len(workshop.made) == 8)
    for each in workshop.made:
        each.fresh = False
    assert pool.take(shape(1)) in workshop.made[8:]


def test_shapes_nobody_asks_for_any_more_give_way(pool: Pool, workshop: Workshop) -> None:
    taken = [pool.take(shape(number)) for number in range(8) for _ in range(5)]
    waiting = lambda: sum(workshop.ready().values()) - len(taken)  # noqa: E731
    assert eventually(lambda: workshop.ready()[shape(7)] == 5 + 3)
    assert eventually(lambda: waiting() <= 12)
    assert eventually(lambda: workshop.ready()[shape(0)] == 5)


def test_when_none_can_be_made_the_one_who_asks_hears_why(pool: Pool, workshop: Workshop) -> None:
    workshop.broken = True
    for _ in range(3):
        with pytest.raises(PlatformFault, match="no space left"):
            pool.take(shape(1))


def test_closing_removes_all_that_waits_and_refuses_more(pool: Pool, workshop: Workshop) -> None:
    taken = [pool.take(shape(1)) for _ in range(4)]
    pool.close()
    assert all(each.removed for each in workshop.made if each not in taken)
    with pytest.raises(PlatformFault, match="closed"):
        pool.take(shape(1))
