"""What a coding task is, whatever format it came from.

A ``TaskSpec`` is plain frozen data: the statement a model sees, the trusted code that the
statement carries, the hidden tests and the limits. Example: HumanEval/38 becomes shape FUNCTION
with ``prompt_code`` = its prompt (the helper ``encode_cyclic`` included), ``entry_point`` =
``decode_cyclic`` and a ``CheckScript`` that the examiner runs.

``core/payload.py`` turns it into plain data and back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Shape(StrEnum):
    """How a solution is exercised."""

    FUNCTION = "function"
    PROGRAM = "program"
    UNITTESTS = "unittests"


class Split(StrEnum):
    """CANARY: hidden like PRIVATE and counted as exposure, but unsolvable and never scored."""

    PUBLIC = "public"
    PRIVATE = "private"
    CANARY = "canary"


class JudgingClass(StrEnum):
    """PROVABLE: a pass cannot be forged. MITIGATED: forging is made hard, never on one board."""

    PROVABLE = "provable"
    MITIGATED = "mitigated"


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the candidate may use. CPU time is the time limit; wall time is only our backstop."""

    cpu_milliseconds: int = 10_000
    memory_bytes: int = 256 * 2**20
    output_bytes: int = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckScript:
    """The task's own test code. It runs in the examiner, never beside the candidate.

    ``setup`` is trusted code run first (prompt helpers, imports); ``script`` is the test code;
    every name in ``proxies`` is replaced by a stub that calls the candidate's function of that
    name over the pipe.
    """

    setup: str
    script: str
    proxies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCase:
    """One call: ``args`` and ``expected`` as *wire* values (``engines/judges/wire.py``), i.e.
    JSON with tags for what JSON lacks, so that the payload stays plain data."""

    args: tuple[Any, ...]
    expected: Any


class State(StrEnum):
    """What calls of one submission may see of each other. FRESH: each call a process of its own."""

    SHARED = "shared"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCases:
    """Hidden cases as data: the judge itself compares, exactly, or floats within tolerance.

    ``signature``: the function's head, for languages that cannot tell the types of a function
    themselves (C). ``state``: whether one case may see what an earlier one left.
    """

    cases: tuple[CallCase, ...]
    tolerance: str = ""
    state: State = State.SHARED
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCase:
    """``name``: what its source calls it; never shown for hidden tasks."""

    stdin: str
    expected: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program of the task's author (checker, interactor): it runs in a box of its own and gets
    data only. ``files``: (name, text) pairs; ``arguments``: the flags its source gives it."""

    language: str
    files: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Tool {self.language}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtask:
    """Points for a group of cases: all of ``cases`` (indices) must pass to earn ``points``."""

    name: str
    points: int
    cases: tuple[int, ...]


class Letters(StrEnum):
    """Whether tokens that differ only in upper and lower case are the same."""

    EXACT = "exact"
    ANY_CASE = "any_case"


class Blanks(StrEnum):
    """FREE: any white space between tokens is alike. KEPT: it must be the same."""

    FREE = "free"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCases:
    """stdin/stdout cases. ``comparator``: ``tokens``, ``exact`` or ``float`` (with tolerance).

    ``tolerance`` is absolute, and relative too unless ``relative_tolerance`` says another one
    (``0``: none). ``checker`` replaces the comparator; ``interactor`` talks to the program
    instead of a stdin. With ``subtasks``, cases that are in none of them are examples: shown,
    not judged.
    """

    cases: tuple[ProgramCase, ...]
    comparator: str = "tokens"
    tolerance: str = ""
    relative_tolerance: str = ""
    letters: Letters = Letters.EXACT
    blanks: Blanks = Blanks.FREE
    checker: Tool | None = None
    interactor: Tool | None = None
    subtasks: tuple[Subtask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTests:
    """The tests of an exercise or project, run by ``framework`` beside the solution.

    ``files``: (path, text) pairs of tests and configuration, laid over whatever the solution
    brought, owned by somebody else. ``solution_files``: the paths a solution fills.
    """

    framework: str
    files: tuple[tuple[str, str], ...]
    solution_files: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<UnitTests {self.framework}>"


Tests = CheckScript | CallCases | ProgramCases | UnitTests


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One coding task in one language.

    ``source_id``: its name in its source, unique there (``HumanEval/38``).
    ``statement``: the text a model is shown (the template wraps it, ``core/prompting.py``).
    ``prompt_code``: trusted code the statement carries; a reply that is an indented body
    continues it; empty when the statement is prose.
    ``reference``: a whole program (prompt code included) that passes.
    ``family``: tasks that share template, repository or translation; the cluster for errors.
    ``created``: ISO date or empty.
    ``solution_files``: when a solution is several files, their paths; then every solution
    (``reference`` too) is the text that ``core/solution.py`` joins and splits.
    ``stop_tokens``: where a completion of the prompt is cut, as its source says; ``closing``: the
    text that ends it then (a last brace).
    """

    source_id: str
    shape: Shape
    statement: str
    tests: Tests
    reference: str
    language: str = "python"
    prompt_code: str = ""
    entry_point: str = ""
    limits: Limits = field(default_factory=Limits)
    judging_class: JudgingClass = JudgingClass.PROVABLE
    split: Split | None = None
    family: str = ""
    topic: str = ""
    difficulty: str = ""
    created: str = ""
    author: str = ""
    sources: tuple[str, ...] = ()
    canary: str = ""
    twin_of: str = ""
    solution_files: tuple[str, ...] = ()
    stop_tokens: tuple[str, ...] = ()
    closing: str = ""

    def __repr__(self) -> str:  # content never reaches a log through a repr
        return f"<TaskSpec {self.shape} {self.language}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSpec:
    """The part of a task the *generate* right opens: what is shown, nothing of the tests."""

    shape: Shape
    language: str
    statement: str
    prompt_code: str
    entry_point: str
    solution_files: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<PromptSpec {self.shape} {self.language}>"


def prompt_of(task: TaskSpec) -> PromptSpec:
    return PromptSpec(
        shape=task.shape,
        language=task.language,
        statement=task.statement,
        prompt_code=task.prompt_code,
        entry_point=task.entry_point,
        solution_files=task.solution_files,
    )
