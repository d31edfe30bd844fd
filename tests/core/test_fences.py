"""Fenced blocks as models write them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.fences import Block, blocks


def test_a_block_knows_its_info_string_and_the_line_above() -> None:
    text = "Some words.\n\n`a.rs`:\n\n```rust title=x\nfn a() {}\n```\n\n~~~\nb\n~~~\n"
    assert blocks(text) == [
        Block("rust title=x", "`a.rs`:", "fn a() {}\n", True),
        Block("", "", "b\n", True),
    ]
    assert [block.tag for block in blocks(text)] == ["rust", ""]


def test_indented_and_unclosed_blocks() -> None:
    text = "- so:\n  ```py\n  x = 1\n    y\n  ```\n````\n```\nopen"
    assert [(block.code, block.closed) for block in blocks(text)] == [
        ("x = 1\n  y\n", True),
        ("```\nopen\n", False),
    ]


@given(st.text(alphabet="`~ \nab", max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert all(len(block.code) <= len(text) + 1 for block in blocks(text))
