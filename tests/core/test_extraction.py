"""Which part of a reply is judged: the cases models really produce, and hostile text."""

from __future__ import annotations

import collections
import gzip
import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchserver.core.extraction import EXTRACTION_VERSION, Extraction, classify, extract
from benchserver.core.prompting import fenced
from benchserver.core.task import Shape
from benchserver.core.verdict import Verdict
from tests.shared_data import shared

GOOD = "def f(x):\n    return x\n"
PROMPT = 'from typing import List\n\n\ndef f(x):\n    """Give x."""\n'
FUNCTION, PROGRAM = Shape.FUNCTION, Shape.PROGRAM


def found(
    reply: str,
    *,
    language: str = "python",
    prompt_code: str = "",
    shape: Shape = FUNCTION,
    entry_point: str = "f",
) -> Extraction:
    return extract(
        reply, language=language, prompt_code=prompt_code, entry_point=entry_point, shape=shape
    )


def test_the_rules_are_version_2() -> None:
    assert EXTRACTION_VERSION == "2"


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{GOOD}```",
        f"Sure!\n\n```python\n{GOOD}```\nThat is all.",
        f"~~~py\n{GOOD}~~~",
        f"````Python title=a.py\n{GOOD}````",
        f"```{{.python}}\n{GOOD}```",
        f"```\n{GOOD}```",
        f"```python\n{GOOD}",
        f"```python\n{GOOD}```<|im_end|>",
        f"```python\n{GOOD}```\n```",
        f"<think>\n```python\ndef f(x): return 0\n```\n</think>\n\n```python\n{GOOD}```",
        f"I first try f(x) = 0.\n</think>\n```python\n{GOOD}```",
        f"```python\nx = 1\n```\nand\n```python\n{GOOD}```",
        f"```python\n{GOOD}```\nUse it so:\n```python\nprint(f(1))\nprint(f(2))\nprint(f(3))\n```",
        f"```python\n{GOOD}```\n```text\nf(1) = 1 and f(2) = 2 and so on for ever\n```",
        f"First idea:\n```python\ndef f(x):\n    return 0\n```\nBetter:\n```python\n{GOOD}```",
        f"```bash\npip install nothing\n```\n```python\n{GOOD}```",
        GOOD,
        f"Here is the function:\n\n{GOOD}\nIt simply returns its argument.\n",
        f"Here is the function:\n\n{GOOD}\nYou run it with:\n```bash\npython x.py\n```",
        "1. Write this:\n\n   ```python\n   def f(x):\n       return x\n   ```\n",
        "The code:\n\n    def f(x):\n        return x\n\nThat is all there is.",
        "    def f(x):\n        return x\n",
    ],
)
def test_the_function_is_found(reply: str) -> None:
    result = found(reply)
    assert (result.code, result.outcome) == (GOOD, None)
    assert found(reply, prompt_code=PROMPT).code == GOOD


def test_a_fenced_body_and_a_bare_body_continue_the_prompt_unchanged() -> None:
    body = "    y = x\n\n    return y\n"
    assert found(body, prompt_code=PROMPT) == Extraction(PROMPT + body, None, "body")
    assert found(f"```python\n{body}```", prompt_code=PROMPT).code == PROMPT + body
    run_on = body + "\nprint(f(1))\n\ndef f(x):\n    return 0\n"
    assert found(run_on, prompt_code=PROMPT).code == PROMPT + run_on
    local_import = "    from math import sqrt\n    return sqrt(x)\n"
    assert found(local_import, prompt_code=PROMPT).code == PROMPT + local_import
    again = local_import + "\ndef f(x):\n    return 0\n"  # runs on and defines f once more
    assert found(again, prompt_code=PROMPT).code == PROMPT + again


def test_a_whole_function_is_not_put_behind_the_prompt() -> None:
    assert found(f"Sure:\n```python\n{GOOD}```", prompt_code=PROMPT).code == GOOD
    assert found(" " + f"Sure: here it is.\n\n{GOOD}", prompt_code=PROMPT).code == GOOD


def test_inner_backticks_do_not_end_a_longer_fence() -> None:
    code = 'def f(x):\n    """\n```\nx\n```\n    """\n    return x\n'
    assert found(fenced(code, "python")).code == code


def test_a_fence_with_a_label_inside_a_block_is_its_content() -> None:
    code = 'def f(x):\n    """\n    ```python\n    f(1)\n    """\n    return x\n'
    assert found(f"```python\n{code}```").code == code


def test_the_indentation_of_a_fence_in_a_list_is_not_the_codes() -> None:
    reply = "1. The body:\n\n   ```python\n       y = x\n       return y\n   ```\n"
    assert found(reply, prompt_code=PROMPT).code == PROMPT + "    y = x\n    return y\n"


def test_of_two_programs_the_longer_in_the_right_language_wins() -> None:
    program = "import sys\nprint(sum(map(int, sys.stdin)))\n"
    reply = (
        f"```python\n{program}```\n```python\nx = 1\n```\n```\n1 2 3 4 5 6 7 8 9 9 9 9 9 9 9\n```"
    )
    more = reply + "\n```javascript\n" + "console.log(1);\n" * 9 + "```"
    assert found(reply, shape=PROGRAM, entry_point="").code == program
    assert found(more, shape=PROGRAM, entry_point="").code == program


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("javascript", "const f = (x) => x;\n"),
        ("javascript", "function f(x) {\n  return x;\n}\n"),
        ("js", "module.f = function (x) { return x; };\n"),
        ("cpp", "#include <vector>\nstd::vector<int> f(int x) {\n  return {x};\n}\n"),
        ("go", "func f(x int) int {\n\treturn x\n}\n"),
        ("rs", "pub fn f(x: i64) -> i64 {\n    x\n}\n"),
        ("rkt", "(define (f x)\n  x)\n"),
        ("r", "f <- function(x) {\n  x\n}\n"),
    ],
)
def test_other_languages_are_found_by_their_own_definitions(language: str, code: str) -> None:
    usage = "```\nprint(f(1)); print(f(2)); print(f(3)); print(f(4)); print(f(5))\n```"
    assert found(f"```\n{code}```\nUsage:\n{usage}", language=language).code == code


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "def g(x):\n    return x\n"),
        ("python", "class Solution:\n    pass\n"),
        ("javascript", "function g(x) { return x }\n"),
        ("javascript", "export const g = async (x) => x\n"),
        ("go", "func g(x int) int { return x }\n"),
        ("rust", "pub fn g(x: i64) -> i64 { x }\n"),
    ],
)
def test_a_function_of_another_name_is_the_answer_and_a_longer_use_of_it_is_not(
    language: str, code: str
) -> None:
    use = "print(g(1))\n" * 20
    for first, second in ((code, use), (use, code)):
        reply = f"```{language}\n{first}```\nand\n```{language}\n{second}```"
        assert found(reply, language=language).code == code
        whole = found(reply, language=language, shape=PROGRAM)
        assert whole.code == use, "of a program the longest block is the answer"


def test_inline_code_is_code() -> None:
    result = found("`print(int(input()) * 2)`", shape=PROGRAM, entry_point="")
    assert result == Extraction("print(int(input()) * 2)\n", None, "inline")


@pytest.mark.parametrize(
    "reply",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot write this code.",
        "Sorry, that is not something I do.",
        "As an AI language model, I am unable to run programs.",
    ],
)
def test_a_refusal_without_code_is_refused(reply: str) -> None:
    assert found(reply, prompt_code=PROMPT).outcome is Verdict.REFUSED


def test_an_apology_with_code_is_judged() -> None:
    assert found(f"I'm sorry for the delay.\n```python\n{GOOD}```").code == GOOD


@pytest.mark.parametrize(
    "reply", ["", "  \n\t\n", "The answer is left to you.", "```python\n\n```"]
)
def test_nothing_that_is_code_is_no_code(reply: str) -> None:
    assert found(reply).outcome is Verdict.NO_CODE


def test_unfinished_reasoning_is_no_code() -> None:
    reply = f"<think>\nMaybe so:\n```python\n{GOOD}```\nor perhaps"
    assert found(reply).outcome is Verdict.NO_CODE
    assert classify(found(reply), stop_reason="length") is Verdict.TRUNCATED


@pytest.mark.parametrize(
    ("reply", "stop_reason", "outcome"),
    [
        (f"```python\n{GOOD}```", "stop", None),
        (f"```python\n{GOOD}```\nThis function ret", "length", None),
        (f"```python\n{GOOD}", "length", Verdict.TRUNCATED),
        (f"```python\n{GOOD}", "stop", None),
        ("To solve this I would", "length", Verdict.TRUNCATED),
        ("    return x\n\ndef g(", "length", None),
        ("To solve this I would", "stop", Verdict.NO_CODE),
        ("", "refusal", Verdict.REFUSED),
        (f"```python\n{GOOD}```", "refusal", None),
        ("", "other", Verdict.NO_CODE),
    ],
)
def test_the_output_limit_costs_only_what_it_cut(
    reply: str, stop_reason: str, outcome: Verdict | None
) -> None:
    assert classify(found(reply, prompt_code=PROMPT), stop_reason=stop_reason) is outcome


def test_no_repr_shows_the_reply() -> None:
    assert "return" not in repr(found(GOOD))


# --- real replies --------------------------------------------------------------------------


def test_all_820_recorded_codegen_completions_stay_prompt_plus_completion() -> None:
    with gzip.open(shared("humaneval/HumanEval.jsonl.gz"), "rt") as lines:
        tasks = {t["task_id"]: t for t in map(json.loads, lines)}
    rows = shared("humaneval-codegen16b/samples.jsonl").read_text().splitlines()
    seen = collections.Counter[str]()
    for row in map(json.loads, rows):
        task = tasks[row["task_id"]]
        result = found(
            row["completion"], prompt_code=task["prompt"], entry_point=task["entry_point"]
        )
        assert result.code == task["prompt"] + row["completion"], (row["task_id"], row["sample"])
        assert not (row["passed"] and result.outcome)
        seen[result.how] += 1
    assert seen == {"body": 810, "none": 10}  # ten completions are blank


def test_chat_answers_of_a_public_archive_give_the_code_its_own_extractor_found() -> None:
    same, passed_without_code, total = 0, 0, 0
    for path in sorted(shared("can-ai-code/results").rglob("*.ndjson")):
        for row in map(json.loads, path.read_text().splitlines()):
            name = row["Signature"].split("(")[0].strip()
            ours = found(row["answer"], language=row["language"], entry_point=name)
            same += _bare(ours.code) == _bare(row.get("code") or "")
            passed_without_code += row["status"] == "PASS" and ours.outcome is not None
            total += 1
    assert (total, passed_without_code) == (310, 0)
    # The three others: a later, better version is taken; sentences are not taken for code.
    assert same >= 307


def _bare(code: str) -> str:
    return code.replace("\r", "").strip()


# --- rules that hold for any text -----------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("```", "```python\n", "~~~", "\n", "    ", "\t", "`", "<think>", "</think>\n"),
        *("def f(x):\n", "    return x\n", "I'm sorry", "print(1)\n", "Here is", "- item\n"),
        *("\r\n", "x = 1\n", "\x00"),
    ]
)
REPLIES = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join))


@settings(max_examples=300)
@given(REPLIES, st.sampled_from(["", PROMPT]), st.sampled_from(list(Shape)))
@example("```\n`" + "`" * 50, PROMPT, FUNCTION)
def test_no_text_raises_and_the_result_is_stable_when_fenced(
    reply: str, prompt_code: str, shape: Shape
) -> None:
    first = found(reply, prompt_code=prompt_code, shape=shape)
    if first.outcome is None:
        again = found(fenced(first.code, "python"), prompt_code=prompt_code, shape=shape)
        assert again.code.removesuffix("\n") == first.code.removesuffix("\n")
        assert again.how == "fence"
    else:
        assert first.how == "none"


@given(st.lists(PIECES, min_size=1, max_size=30).map("".join), st.text(alphabet="abc .,\n"))
def test_a_fenced_program_survives_any_sentences_around_it(code: str, prose: str) -> None:
    whole = GOOD + code
    reply = f"{prose}\n\n{fenced(whole, 'python')}\n\n{prose}"
    assert found(reply).code.removesuffix("\n") == whole.removesuffix("\n")


HOSTILE = [
    "`" * 262_144,
    "```\n" * 65_536,
    "~~~\n```\n" * 32_000,
    "(" * 262_144,
    "f" * 262_144,
    "a " * 131_072,
    "\n" * 262_144,
    " " * 262_144,
    " \n" * 131_072,
    "def f" + " " * 262_000,
    "<think>" * 37_000,
    "</think>\n" * 29_000,
    "a*b*c*" * 43_000,
    "x = " * 65_536,
    "from a import " * 18_000,
    "I am " * 52_000,
    "for " * 65_000,
    "a.b.c(" * 43_000,
    "- a b c\n" * 32_000,
    "    - a\n" * 32_000,
    "    return 1\n" * 20_000,
    "int " * 65_000,
    "const a = (" * 24_000,
    "```\n" + "const a = (" + "a, " * 80_000 + "\n```\n",
    "```\n" + "export default " * 17_000 + "\n```\n",
    "int \t" * 52_000,
    "a\n" * 131_072,
]


@pytest.mark.parametrize("language", ["python", "javascript"])
@pytest.mark.parametrize("reply", HOSTILE, ids=range(len(HOSTILE)))
def test_a_quarter_megabyte_of_anything_is_a_matter_of_linear_scans(
    reply: str, language: str
) -> None:
    started = time.process_time()
    found(reply, language=language, prompt_code=PROMPT)
    assert time.process_time() - started < 3.0  # a quadratic scan would take minutes
