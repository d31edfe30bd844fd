"""Labels never collide, whatever the models cost and score."""

from __future__ import annotations

import math
import re
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.website.costchart import Box, Chart, Dot, Point, draw, text_width

POINT = st.builds(
    lambda name, cost, score, half: Point(
        name, cost, score, max(0, score - half), min(10_000, score + half)
    ),
    st.text("abcdefgh XL-70", min_size=1, max_size=40),
    st.integers(1, 10**8),
    st.integers(0, 10_000),
    st.integers(0, 3000),
)
CROWD = st.lists(POINT, min_size=2, max_size=25)
SHAPES = st.sampled_from(((720, 360), (350, 380)))


def chart(points: list[Point], shape: tuple[int, int] = (720, 360)) -> Chart:
    drawn = draw(points, width=shape[0], height=shape[1])
    assert drawn is not None
    return drawn


@settings(max_examples=60)
@given(CROWD, SHAPES)
def test_no_label_touches_a_label_a_dot_or_the_edge(
    points: list[Point], shape: tuple[int, int]
) -> None:
    drawn = chart(points, shape)
    boxes = [dot.label.box for dot in drawn.dots if dot.label]
    for one, other in combinations(boxes, 2):
        assert not one.touches(other)
    area = Box(drawn.left, drawn.top, drawn.right, drawn.bottom)
    for box in boxes:
        assert box.within(area)
        assert not any(box.touches(Box(d.x - 4, d.y - 4, d.x + 4, d.y + 4)) for d in drawn.dots)


@settings(max_examples=60)
@given(CROWD, SHAPES)
def test_a_label_without_a_line_is_nearest_to_its_own_dot(
    points: list[Point], shape: tuple[int, int]
) -> None:
    drawn = chart(points, shape)

    def far(box: Box, dot: Dot) -> float:
        across = max(box.left - dot.x, 0, dot.x - box.right)
        return math.hypot(across, max(box.top - dot.y, 0, dot.y - box.bottom))

    for dot in drawn.dots:
        if dot.label and dot.label.leader is None:
            others = [d for d in drawn.dots if (d.x, d.y) != (dot.x, dot.y)]
            assert all(far(dot.label.box, dot) < far(dot.label.box, d) for d in others)


@settings(max_examples=60)
@given(CROWD, SHAPES)
def test_every_model_is_drawn_and_every_missing_label_is_counted(
    points: list[Point], shape: tuple[int, int]
) -> None:
    drawn = chart(points, shape)
    assert len(drawn.dots) == len(points)
    assert drawn.unlabelled == sum(dot.label is None for dot in drawn.dots)
    for dot in drawn.dots:
        assert drawn.left <= dot.x <= drawn.right
        assert drawn.top <= dot.top <= dot.y <= dot.bottom <= drawn.bottom


@settings(max_examples=60)
@given(CROWD)
def test_no_cheaper_model_lies_above_the_dashed_line(points: list[Point]) -> None:
    drawn = chart(points)
    corners = [(int(x), int(y)) for x, y in re.findall(r"(\d+) (\d+)", drawn.frontier)]
    assert corners == sorted(corners, key=lambda c: (c[0], -c[1]))
    for dot in drawn.dots:
        line = min((y for x, y in corners if x <= dot.x), default=drawn.bottom)
        assert dot.y >= line


def test_two_models_of_the_same_cost_and_score_are_both_named() -> None:
    twins = [Point(name, 1000, 5000, 4000, 6000) for name in ("aster", "basalt")]
    assert [dot.label is not None for dot in chart(twins).dots] == [True, True]


def test_ten_close_models_are_all_named() -> None:
    close = [Point(f"model {i}", 1000 + 40 * i, 5000 + 90 * i, 4000, 6500) for i in range(10)]
    assert chart(close).unlabelled == 0


def test_one_price_makes_no_chart_and_a_free_model_has_no_place_on_it() -> None:
    priced = Point("aster", 10, 5000, 4000, 6000)
    free = Point("basalt", 0, 5000, 4000, 6000)
    assert draw([priced, free], width=720, height=360) is None


def test_wide_scripts_get_the_room_they_need() -> None:
    assert text_width("模型") == text_width("abcd")


def test_cost_labels_are_round_and_apart() -> None:
    narrow = [Point("a", 1200, 5000, 4000, 6000), Point("b", 1500, 6000, 5000, 7000)]
    wide = [Point("a", 3, 5000, 4000, 6000), Point("b", 90_000_000, 6000, 5000, 7000)]
    for points in (narrow, wide):
        ticks = chart(points).costs
        assert ticks
        assert all(after.at - before.at >= 56 for before, after in pairwise(ticks))
