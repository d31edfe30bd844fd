"""Which block of a reply fills which file: the labels models write, and hostile text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core import solution
from benchserver.core.extraction import Extraction, classify, extract
from benchserver.core.task import Shape
from benchserver.core.verdict import Verdict

PATHS = ("work.cpp", "work.h")
SOURCE, HEADER = '#include "work.h"\nint f() { return 1; }\n', "#pragma once\nint f();\n"
BOTH = {"work.cpp": SOURCE, "work.h": HEADER}


def found(reply: str, *, paths: tuple[str, ...] = PATHS, language: str = "cpp") -> Extraction:
    return extract(
        reply,
        language=language,
        prompt_code="",
        entry_point="",
        shape=Shape.UNITTESTS,
        solution_files=paths,
    )


def files(reply: str, *, paths: tuple[str, ...] = PATHS, language: str = "cpp") -> dict[str, str]:
    extraction = found(reply, paths=paths, language=language)
    return solution.split(extraction.code) if extraction.outcome is None else {}


@pytest.mark.parametrize(
    "reply",
    [
        f"`work.h`:\n\n```cpp\n{HEADER}```\n\n`work.cpp`:\n\n```cpp\n{SOURCE}```\n",
        f"### work.cpp\n```cpp\n{SOURCE}```\n### work.h\n```cpp\n{HEADER}```\n",
        f"**work.cpp**\n```cpp\n{SOURCE}```\n**work.h**\n```c++\n{HEADER}```\n",
        f"Here is ./work.cpp, the source:\n```cpp\n{SOURCE}```\nand `work.h`.\n```\n{HEADER}```\n",
        f"```cpp work.cpp\n{SOURCE}```\n```cpp work.h\n{HEADER}```\n",
        f"```cpp:work.cpp\n{SOURCE}```\n```cpp:work.h\n{HEADER}```\n",
        f'```cpp title="work.cpp"\n{SOURCE}```\n```cpp filename=work.h\n{HEADER}```\n',
        f"```work.cpp\n{SOURCE}```\n```work.h\n{HEADER}```\n",
        f"First:\n```cpp\n{SOURCE}```\nSecond:\n```cpp\n{HEADER}```\n",
        f"`work.h`:\n```cpp\n{HEADER}```\nThe source:\n```cpp\n{SOURCE}```\n",
        f"`work.h`:\n```cpp\nint old();\n```\nBetter `work.h`:\n```cpp\n{HEADER}```\n"
        f"`work.cpp`:\n```cpp\n{SOURCE}```\n",
        f"`work.h`:\n```cpp\n{HEADER}```\n`work.cpp`:\n```cpp\n{SOURCE}```\n"
        "`work_test.cpp`:\n```cpp\nTEST_CASE()\n```\nBuild it:\n```bash\nmake\n```\n",
        f"<think>\n`work.h`:\n```cpp\nx\n```\n</think>\n`work.h`:\n```cpp\n{HEADER}```\n"
        f"`work.cpp`:\n```cpp\n{SOURCE}```",
    ],
)
def test_the_blocks_are_told_apart(reply: str) -> None:
    assert files(reply) == BOTH


@pytest.mark.parametrize("mark", ["// {}", "/* {} */", "// File: {}", "//{}"])
def test_a_first_line_that_is_only_a_path_is_a_label(mark: str) -> None:
    blocks = [f"```cpp\n{mark.format(path)}\n{text}```\n" for path, text in BOTH.items()]
    assert files("".join(reversed(blocks))) == {
        path: f"{mark.format(path)}\n{text}" for path, text in BOTH.items()
    }


def test_a_path_below_folders_may_be_named_by_its_last_part() -> None:
    paths = ("src/main/java/A.java", "src/main/java/B.java")
    reply = "`B.java`:\n```java\nclass B {}\n```\nsrc/main/java/A.java\n```java\nclass A {}\n```\n"
    assert files(reply, paths=paths, language="java") == {
        paths[0]: "class A {}\n",
        paths[1]: "class B {}\n",
    }


def test_a_last_part_that_two_paths_share_is_no_label() -> None:
    paths = ("a/mod.rs", "b/mod.rs")
    reply = "`mod.rs`:\n```rust\n1\n```\n`b/mod.rs`:\n```rust\n2\n```\n"
    assert files(reply, paths=paths, language="rust") == {"b/mod.rs": "2\n"}


def test_what_cannot_be_told_is_left_out() -> None:
    reply = f"```cpp\n{SOURCE}```\n```cpp\n{SOURCE}```\n```cpp\n{HEADER}```\n"
    assert found(reply).outcome is Verdict.NO_CODE
    assert files(f"`work.h`:\n```cpp\n{HEADER}```\n") == {"work.h": HEADER}


def test_a_reply_cut_inside_a_file_is_truncated() -> None:
    reply = f"`work.h`:\n```cpp\n{HEADER}```\n`work.cpp`:\n```cpp\nint f() {{ ret"
    assert classify(found(reply), stop_reason="length") is Verdict.TRUNCATED
    assert classify(found(reply), stop_reason="stop") is None


def test_a_refusal_is_a_refusal() -> None:
    assert found("I'm sorry, I can't help with that.").outcome is Verdict.REFUSED
    assert found("").outcome is Verdict.NO_CODE


TEXT = st.text(alphabet="`~ \n#/*.awork_cph:{}\u202e\ud800", max_size=300)


@given(TEXT)
def test_no_text_breaks_it(reply: str) -> None:
    extraction = found(reply)
    assert extraction.outcome in (None, Verdict.NO_CODE, Verdict.REFUSED)
    if extraction.outcome is None:
        assert set(solution.split(extraction.code)) <= set(PATHS)


@given(st.permutations(sorted(BOTH)), st.sampled_from(["", "Sure!\n", "1. first\n\n"]))
def test_order_and_prose_do_not_matter(order: list[str], prose: str) -> None:
    reply = prose + "\n".join(f"`{path}`:\n```cpp\n{BOTH[path]}```\n" for path in order)
    assert files(reply) == BOTH


@pytest.mark.parametrize("unit", ["`work.h`:\n```cpp\nx\n```\n", "`" * 9, "a`b.c`", "```\n// w\n"])
def test_a_quarter_megabyte_of_anything_is_a_matter_of_linear_scans(unit: str) -> None:
    started = time.process_time()
    found(unit * (2**18 // len(unit)))
    assert time.process_time() - started < 3.0  # a quadratic scan would take minutes
