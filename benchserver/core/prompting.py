"""The one prompt every model gets: a pure function of what the task shows, nothing else.

Zero-shot, one user message, no system prompt (D19); no task id, canary or benchmark name, so a
provider cannot recognise the benchmark by its wrapping. Example: a HumanEval task becomes
"Complete the following Python function ..." plus its code in a fence plus the rules of reply.
Changing one character of a template is another protocol: raise ``TEMPLATE_VERSION``.
"""

from __future__ import annotations

import re

from benchserver.core.task import PromptSpec, Shape

TEMPLATE_VERSION = "1"

# Only where capitalising the identifier would be wrong or unclear.
_LANGUAGE_NAMES = {
    "cpp": "C++",
    "cs": "C#",
    "csharp": "C#",
    "d": "D",
    "go": "Go",
    "javascript": "JavaScript",
    "jl": "Julia",
    "js": "JavaScript",
    "ocaml": "OCaml",
    "php": "PHP",
    "pl": "Perl",
    "py": "Python",
    "r": "R",
    "rb": "Ruby",
    "rkt": "Racket",
    "rs": "Rust",
    "sh": "Bash",
    "ts": "TypeScript",
    "typescript": "TypeScript",
}


def prompt(spec: PromptSpec) -> str:
    """The text of the single user message for ``spec``; equal input gives equal text."""
    if spec.shape is Shape.UNITTESTS:
        parts = _exercise_parts(spec)
    elif spec.shape is Shape.PROGRAM:
        parts = _program_parts(spec)
    elif spec.prompt_code.strip() and spec.prompt_code.strip() == spec.statement.strip():
        parts = _completion_parts(spec)
    else:
        parts = _function_parts(spec)
    return "\n\n".join(parts) + "\n"


def language_name(language: str) -> str:
    """How a language is written in a sentence: ``cpp`` -> ``C++``, ``kotlin`` -> ``Kotlin``."""
    return _LANGUAGE_NAMES.get(language, language.capitalize())


def fenced(code: str, language: str) -> str:
    """``code`` in a Markdown fence that is longer than any run of backticks inside it."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    ticks = "`" * max(3, longest + 1)
    end = "" if code.endswith("\n") else "\n"
    return f"{ticks}{language}\n{code}{end}{ticks}"


def _completion_parts(spec: PromptSpec) -> list[str]:
    """HumanEval style: the statement is code that ends where the work begins."""
    name = language_name(spec.language)
    return [
        f"Complete the following {name} code so that it does what its description says.",
        fenced(spec.prompt_code.strip("\n"), spec.language),
        _function_rules(spec, given=True),
    ]


def _function_parts(spec: PromptSpec) -> list[str]:
    name = language_name(spec.language)
    wanted = f" `{spec.entry_point}`" if spec.entry_point else ""
    parts = [
        f"Write the {name} function{wanted} that solves the following task.",
        spec.statement.strip("\n"),
    ]
    code = spec.prompt_code.strip("\n")
    given = bool(code.strip())
    if given and code.strip() not in spec.statement:
        parts += ["Start from this code:", fenced(code, spec.language)]
    return [*parts, _function_rules(spec, given=given)]


def _program_parts(spec: PromptSpec) -> list[str]:
    name = language_name(spec.language)
    parts = [
        f"Write a complete {name} program that solves the following problem. It reads its input "
        "from standard input and writes its answer to standard output.",
        spec.statement.strip("\n"),
    ]
    code = spec.prompt_code.strip("\n")
    if code.strip() and code.strip() not in spec.statement:
        parts += ["Start from this code:", fenced(code, spec.language)]
    rules = (
        f"Reply with one Markdown code block that holds the whole {name} program. "
        "Print only the answer: no prompts, labels or extra text."
    )
    return [*parts, rules]


def _exercise_parts(spec: PromptSpec) -> list[str]:
    """The statement itself shows the files that have to be written."""
    name = language_name(spec.language)
    rules = (
        f"Reply with one Markdown code block that holds the whole {name} file. "
        "Use only the standard library and do not add tests."
    )
    if spec.solution_files:
        paths = ", ".join(f"`{path}`" for path in spec.solution_files)
        rules = (
            f"Reply with one Markdown code block for each of these files: {paths}. Each block "
            "holds the whole file; write the file's path on a line of its own above the block. "
            "Use only the standard library and do not add tests."
        )
    return [
        f"Write the {name} code that solves the following task.",
        spec.statement.strip("\n"),
        rules,
    ]


def _function_rules(spec: PromptSpec, *, given: bool) -> str:
    """``given``: the task carries code, which the reply has to repeat."""
    name = language_name(spec.language)
    repeat = "the code above, completed, together with " if given else ""
    return (
        f"Reply with one Markdown code block that holds self-contained {name} code: "
        f"{repeat}every import and helper it needs. "
        "Do not read input, print anything or add tests."
    )
