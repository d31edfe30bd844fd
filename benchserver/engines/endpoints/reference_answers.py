"""What a reference endpoint answers: a made-up model of known skill, the same every time.

An answer book holds, per statement, a right program and plausible wrong ones; a ``Persona`` of
skill 0.7 gives the right one on about 70 % of medium tasks, more on easy and fewer on hard ones.
Example: ``Persona(skill=0.7, seed=1)`` answers one statement always alike, so the score of a whole
evaluation is known before it runs. Replies come in the many wrappings real models use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.core.prompting import fenced
from benchserver.core.task import TaskSpec

# The chance of a right answer is skill ** exponent.
_EXPONENTS = {"easy": 0.5, "medium": 1.0, "hard": 2.0}
_UNKNOWN = "I do not know this task, so there is nothing I could write."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One task's entry in the book. ``split`` is ``public``, ``private`` or empty."""

    statement: str
    solution: str
    wrong: tuple[str, ...] = ()
    language: str = "python"
    split: str = ""
    difficulty: str = ""

    def __repr__(self) -> str:
        return f"<Answer {self.language} {self.split}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """``skill`` 0 to 1; ``known_split``: tasks of that split (or ``all``) are known by heart.
    ``verbatim``: a program is the whole reply, as when recorded replies are played again."""

    skill: float
    seed: int = 0
    known_split: str = ""
    verbatim: bool = False

    def is_right(self, answer: Answer) -> bool:
        if self.known_split and self.known_split in (answer.split, "all"):
            return True
        exponent = _EXPONENTS.get(answer.difficulty, 1.0)
        chance: float = self.skill**exponent
        return draw(self.seed, "right", answer.statement) < chance

    def program(self, answer: Answer) -> str:
        """The right program, or one of the wrong ones, or a broken one when there is none."""
        if self.is_right(answer):
            return answer.solution
        if not answer.wrong:
            return _broken(answer)
        return answer.wrong[self._pick("wrong", answer.statement, len(answer.wrong))]

    def reply(self, answer: Answer) -> str:
        """The program as a model would send it: fenced, mostly between sentences."""
        if self.verbatim:
            return self.program(answer)
        block = fenced(self.program(answer), answer.language)
        wrappings = (
            block,
            f"Here is a solution:\n\n{block}\n",
            f"Let me think about this.\n\n{block}\n\nIt handles the examples of the task.",
            f"<think>\nFirst the edge cases, then the rule itself.\n</think>\n\n{block}",
            f"{block}\n\nRun it like this:\n\n```bash\nrun solution\n```\n",
        )
        return wrappings[self._pick("wrapping", answer.statement, len(wrappings))]

    def _pick(self, purpose: str, statement: str, count: int) -> int:
        return int(draw(self.seed, purpose, statement) * count)


class AnswerBook:
    """Finds the task whose statement a prompt contains. Raises ``BadInput`` for an empty book."""

    def __init__(self, answers: Iterable[Answer]):
        # The longest first: one statement may be part of another.
        self._answers = sorted(answers, key=lambda answer: len(answer.statement), reverse=True)
        if not self._answers:
            raise BadInput("the answer book is empty", mend="Give at least one answer line")

    def find(self, prompt: str) -> Answer | None:
        text = _normal(prompt)
        return next((a for a in self._answers if _normal(a.statement) in text), None)

    def reply(self, prompt: str, persona: Persona) -> str:
        answer = self.find(prompt)
        return _UNKNOWN if answer is None else persona.reply(answer)


def answers_from_tasks(
    tasks: Iterable[TaskSpec], wrong: Mapping[str, Sequence[str]] | None = None
) -> list[dict[str, Any]]:
    """Lines of an answers file for ``tasks``; ``wrong`` maps source_id to wrong programs."""
    return [
        {
            "statement": task.statement,
            "solution": task.reference,
            "wrong": list((wrong or {}).get(task.source_id, ())),
            "language": task.language,
            "split": task.split.value if task.split else "",
            "difficulty": task.difficulty,
        }
        for task in tasks
    ]


def write_answers(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line, as ``read_answers`` takes them."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def read_answers(path: Path) -> list[Answer]:
    """The answers of a JSONL file. Raises ``BadInput`` naming file and line."""
    if not path.is_file():
        raise BadInput("no such file", place=str(path), mend="Name a JSONL file of answers")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_answer(line, f"{path}:{i}") for i, line in enumerate(lines, 1) if line.strip()]


def draw(seed: int, purpose: str, text: str) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = hashlib.sha256(f"{seed}\0{purpose}\0{text}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _answer(line: str, place: str) -> Answer:
    try:
        data = json.loads(line)
        fields = {name: str(data[name]) for name in ("statement", "solution")}
        extra = {name: str(data.get(name) or "") for name in ("split", "difficulty")}
        wrong = tuple(str(program) for program in data.get("wrong") or ())
        language = str(data.get("language") or "python")
    except (ValueError, LookupError, TypeError, AttributeError):
        mend = 'Write one object a line: {"statement", "solution", "wrong": [...], ...}'
        raise BadInput("not an answer", place=place, mend=mend) from None
    if not fields["statement"].strip():
        raise BadInput("the statement is empty", place=place, mend="Give the task's statement")
    return Answer(**fields, **extra, wrong=wrong, language=language)


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _broken(answer: Answer) -> str:
    """The right program with its last third missing: what an unfinished idea looks like."""
    lines = answer.solution.splitlines()
    return "\n".join(lines[: max(1, len(lines) * 2 // 3)]) + "\n"
