"""Near-duplicates are found as surely as the theory says, and the example pool has none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.taskformats import registry
from benchserver.measurement import similarity
from benchserver.measurement.similarity import Document, Match
from tests.shared_data import shared

EXAMPLE = Path(__file__).parents[2] / "tasks_private" / "example"
WORDS = ["snail", "heron", "lock", "tide", "kiln", "moth", "bead", "goat", "lamp", "reed"]
PROSE = st.lists(st.sampled_from(WORDS), min_size=6, max_size=40).map(" ".join)


def pair_with_jaccard(shared_count: int, own: int, seed: int) -> tuple[frozenset[int], ...]:
    """Two sets whose index is shared / (shared + 2 own)."""
    numbers = random.Random(seed).sample(range(2**62), shared_count + 2 * own)
    common, rest = numbers[:shared_count], numbers[shared_count:]
    return frozenset(common + rest[:own]), frozenset(common + rest[own:])


def is_candidate(a: frozenset[int], b: frozenset[int]) -> bool:
    return bool(list(similarity._candidates([a], [b])))


def document(key: str, statement: str, reference: str = "") -> Document:
    return Document(key=key, statement=statement, reference=reference)


@pytest.mark.parametrize(
    ("index", "bands", "rows", "expected"),
    [
        (0.7, 42, 6, 0.995),
        (0.5, 42, 6, 0.484),
        (0.7, 32, 8, 0.850),
        (0.7, 20, 6, 0.918),
        (0.7, 25, 10, 0.511),
    ],
)
def test_the_s_curve_has_the_known_values(
    index: float, bands: int, rows: int, expected: float
) -> None:
    caught = similarity.catch_probability(index, bands=bands, rows=rows)
    assert caught == pytest.approx(expected, abs=0.0006)


def test_banding_misses_pairs_at_point_seven_as_rarely_as_the_curve_says() -> None:
    pairs = [pair_with_jaccard(70, 15, seed) for seed in range(400)]
    assert all(similarity.jaccard(*pair) == 0.7 for pair in pairs)
    missed = sum(not is_candidate(*pair) for pair in pairs)
    assert missed <= 8  # expected 2; nine or more has probability 2e-4


def test_banding_catches_half_of_the_pairs_at_point_five_and_hardly_any_at_point_two() -> None:
    half = sum(is_candidate(*pair_with_jaccard(60, 30, seed)) for seed in range(300)) / 300
    assert half == pytest.approx(similarity.catch_probability(0.5), abs=0.1)
    few = sum(is_candidate(*pair_with_jaccard(20, 40, seed)) for seed in range(300)) / 300
    assert few < 0.03


def test_the_estimate_scatters_as_a_binomial_of_256() -> None:
    errors = []
    for seed in range(200):
        a, b = map(similarity.signature, pair_with_jaccard(70, 15, seed))
        errors.append(float((a == b).mean()) - 0.7)
    spread = (sum(e * e for e in errors) / len(errors)) ** 0.5
    assert spread == pytest.approx(0.0286, rel=0.25)
    assert abs(sum(errors) / len(errors)) < 3 * 0.0286 / 200**0.5


@given(PROSE)
def test_identical_texts_always_match(text: str) -> None:
    (match,) = similarity.near_duplicates([document("a", text)], [document("b", text)])
    assert match == Match(left="a", right="b", part="statement", jaccard=1.0)


@given(st.lists(PROSE, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_documents_changes_nothing(texts: list[str], dice: random.Random) -> None:
    pool = [document(str(i), text) for i, text in enumerate(texts)]
    mixed = list(pool)
    dice.shuffle(mixed)
    expected = similarity.near_duplicates(pool, pool)
    assert similarity.near_duplicates(mixed, pool) == expected
    assert similarity.near_duplicates(pool, mixed) == expected


@given(PROSE, PROSE)
def test_matches_are_exact_and_never_below_the_threshold(a: str, b: str) -> None:
    for match in similarity.near_duplicates([document("a", a)], [document("b", b)], 0.3):
        exact = similarity.jaccard(similarity.text_shingles(a), similarity.text_shingles(b))
        assert match.jaccard == exact >= 0.3


def test_a_near_pair_below_the_threshold_is_no_match() -> None:
    words = [f"word{n}" for n in range(100)]
    pair = [document("a", " ".join(words)), document("b", " ".join([*words, "more"]))]
    assert len(similarity.near_duplicates(pair[:1], pair[1:], 0.9)) == 1
    assert similarity.near_duplicates(pair[:1], pair[1:], 0.995) == []


def test_empty_parts_are_not_alike() -> None:
    assert similarity.near_duplicates([document("a", "")], [document("b", "")]) == []


def test_a_task_is_not_its_own_duplicate_and_a_pair_is_told_once() -> None:
    pool = [document("a", "one two three four five six"), document("b", "one two three four five")]
    pool.append(replace(pool[0], key="c"))
    pairs = [(m.left, m.right) for m in similarity.near_duplicates(pool, pool)]
    assert pairs[0] == ("a", "c")
    assert len(pairs) == len(set(pairs))


def test_signatures_are_the_same_on_every_machine_and_day() -> None:
    first = similarity.signature(similarity.text_shingles("a snail climbs the old sea wall"))[:2]
    assert first.tolist() == [14468243686490512371, 2039335267205324263]


def test_a_renamed_copy_of_code_is_a_copy() -> None:
    code = "def f(items):\n    total = 0  # sum\n    for x in items:\n        total += x\n"
    renamed = "def gg(beads):\n    much = 0\n    for b in beads:\n        much += b\n"
    assert similarity.code_tokens(code) == similarity.code_tokens(renamed)
    assert similarity.code_tokens(code) != similarity.code_tokens(code.replace("+=", "-="))


def test_code_that_is_no_python_is_split_all_the_same() -> None:
    assert similarity.code_tokens("func f(a int) { return `x") != []


@cache
def example_pool() -> tuple[Document, ...]:
    return tuple(similarity.document_of(task) for task in registry.read(EXAMPLE))


def published() -> list[Document]:
    paths = [shared("humaneval/HumanEval.jsonl.gz"), shared("mbpp/mbpp_1_100.jsonl")]
    return [similarity.document_of(task) for path in paths for task in registry.read(path)]


def test_the_example_pool_has_no_near_duplicate_among_the_published_tasks() -> None:
    assert similarity.near_duplicates(example_pool(), published()) == []
    known = published()
    for part in ("statement", "reference"):
        ours, theirs = (shingles(documents, part) for documents in (example_pool(), known))
        assert max(similarity.jaccard(one, other) for one in ours for other in theirs) < 0.3


def shingles(documents: Sequence[Document], part: str) -> list[similarity.Shingles]:
    split = similarity.text_shingles if part == "statement" else similarity.code_shingles
    return [split(getattr(document, part)) for document in documents]


def test_the_example_pool_has_no_near_duplicate_in_itself() -> None:
    assert similarity.near_duplicates(example_pool(), example_pool()) == []


def test_planted_copies_are_found() -> None:
    known = published()[7]
    words = known.statement.split()
    words[len(words) // 2] = "otherwise"
    copied = replace(known, key="planted", statement=" ".join(words), reference="pass")
    stolen = replace(example_pool()[0], key="planted-2", statement="Something else entirely.")
    found = similarity.near_duplicates([*example_pool(), copied, stolen], published())
    assert [(m.right, m.part) for m in found] == [("planted", "statement")]
    inner = similarity.near_duplicates([stolen], example_pool())
    assert [(m.part, m.jaccard) for m in inner] == [("reference", 1.0)]
