"""The made-up model: its skill is what it says, and it never changes its mind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.core.extraction import extract
from benchserver.core.prompting import prompt
from benchserver.core.task import ProgramCases, PromptSpec, Shape, Split, TaskSpec
from benchserver.engines.endpoints.reference_answers import (
    Answer,
    AnswerBook,
    Persona,
    answers_from_tasks,
    read_answers,
    write_answers,
)


def answers(
    count: int = 1000, *, difficulty: str = "medium", split: str = "private"
) -> list[Answer]:
    return [
        Answer(
            statement=f"Return the number {i}.",
            solution=f"def f():\n    return {i}\n",
            wrong=(f"def f():\n    return {i} + 1\n", f"def f():\n    return {i} - 1\n"),
            difficulty=difficulty,
            split=split,
        )
        for i in range(count)
    ]


def share_right(persona: Persona, book: list[Answer]) -> float:
    return sum(persona.program(answer) == answer.solution for answer in book) / len(book)


def test_skill_is_the_share_of_medium_tasks_solved_and_falls_with_difficulty() -> None:
    persona = Persona(skill=0.6, seed=1)
    easy, medium, hard = (
        share_right(persona, answers(difficulty=d)) for d in ("easy", "medium", "hard")
    )
    # 1,000 tasks: three standard errors are below 0.05
    assert medium == pytest.approx(0.6, abs=0.05)
    assert easy == pytest.approx(0.6**0.5, abs=0.05)
    assert hard == pytest.approx(0.36, abs=0.05)


def test_skill_0_and_1_are_exact() -> None:
    assert share_right(Persona(skill=0.0), answers(200)) == 0.0
    assert share_right(Persona(skill=1.0), answers(200)) == 1.0


def test_a_contaminated_model_knows_its_split_by_heart() -> None:
    persona = Persona(skill=0.3, seed=2, known_split="public")
    assert share_right(persona, answers(300, split="public")) == 1.0
    assert share_right(persona, answers(split="private")) == pytest.approx(0.3, abs=0.05)
    everything = Persona(skill=0.0, known_split="all")
    assert share_right(everything, answers(50, split="private")) == 1.0


def test_two_seeds_fail_on_different_tasks_and_one_seed_always_on_the_same() -> None:
    book = answers(100)
    first, second = ([Persona(skill=0.5, seed=s).is_right(a) for a in book] for s in (1, 2))
    assert first == [Persona(skill=0.5, seed=1).is_right(a) for a in book]
    assert first != second


def test_every_wrapping_yields_the_program_through_the_real_extraction() -> None:
    persona, replies = Persona(skill=0.5, seed=3), set()
    for answer in answers(200):
        reply = persona.reply(answer)
        result = extract(
            reply, language="python", prompt_code="", entry_point="f", shape=Shape.FUNCTION
        )
        assert result.code == persona.program(answer)
        replies.add(reply.split("def f")[0])
    assert len(replies) >= 4


def test_without_wrong_programs_a_broken_one_is_given() -> None:
    answer = Answer(statement="s", solution="def f():\n    x = 1\n    return x\n")
    assert Persona(skill=0.0).program(answer) == "def f():\n    x = 1\n"


def test_the_task_is_found_by_its_statement_in_the_real_prompt() -> None:
    book = AnswerBook(
        [
            Answer(statement="Add two numbers.", solution="short"),
            Answer(statement="Add two numbers.\r\nThen halve the sum.\n", solution="long"),
        ]
    )

    def asked(statement: str) -> Answer | None:
        spec = PromptSpec(
            shape=Shape.FUNCTION,
            language="python",
            statement=statement,
            prompt_code="",
            entry_point="f",
        )
        return book.find(prompt(spec))

    assert asked("Add two numbers.").solution == "short"  # type: ignore[union-attr]
    assert asked("Add two numbers.\nThen halve the sum.").solution == "long"  # type: ignore[union-attr]
    assert asked("Multiply.") is None
    assert "do not know" in book.reply("Multiply.", Persona(skill=1.0))


def test_answers_are_built_from_tasks_and_read_back(tmp_path: Path) -> None:
    task = TaskSpec(
        source_id="t1",
        shape=Shape.PROGRAM,
        statement="Print 1.",
        tests=ProgramCases(cases=()),
        reference="print(1)\n",
        split=Split.PUBLIC,
        difficulty="easy",
    )
    path = tmp_path / "answers.jsonl"
    write_answers(path, answers_from_tasks([task], {"t1": ["print(2)\n"]}))
    assert read_answers(path) == [
        Answer(
            statement="Print 1.",
            solution="print(1)\n",
            wrong=("print(2)\n",),
            split="public",
            difficulty="easy",
        )
    ]


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", "{}", '{"statement": "a"}', '{"statement": " ", "solution": "b"}']
)
def test_a_bad_line_is_named_with_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"statement": "a", "solution": "b"}) + "\n\n" + line + "\n")
    with pytest.raises(BadInput, match=r"answers\.jsonl:3"):
        read_answers(path)


def test_missing_files_and_empty_books_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        read_answers(tmp_path / "none.jsonl")
    with pytest.raises(BadInput):
        AnswerBook([])


@given(st.floats(0, 1), st.integers(), st.text(min_size=1))
def test_more_skill_never_loses_a_task(skill: float, seed: int, statement: str) -> None:
    answer = Answer(statement=statement, solution="x")
    weak, strong = Persona(skill=skill * 0.5, seed=seed), Persona(skill=skill, seed=seed)
    assert strong.is_right(answer) or not weak.is_right(answer)


def test_a_recorded_reply_is_played_again_to_the_byte() -> None:
    recorded = Answer(statement="Go on.", solution="    return 1\n\n\n# and so on\n")
    persona = Persona(skill=1.0, verbatim=True)
    assert AnswerBook([recorded]).reply("Go on.", persona) == recorded.solution
