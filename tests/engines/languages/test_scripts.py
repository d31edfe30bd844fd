"""The shell words that languages share do what they say, in a plain shell."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.engines.languages.scripts import fits, state, step, written


def shell(script: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True)


@settings(deadline=None)  # each example starts a shell
@given(st.text(st.characters(codec="ascii", exclude_characters="\0\r")))
def test_any_ascii_text_is_written_as_it_is(text: str) -> None:
    if "END_OF_FILE" not in text:
        assert shell(written(text, "/dev/stdout")).stdout == text.encode() + b"\n"


def test_another_compiler_of_the_same_name_is_told_apart(tmp_path: Path) -> None:
    compiler = tmp_path / "gcc"
    compiler.write_text("one")
    os.utime(compiler, (1, 1))
    before = shell(state(str(compiler))).stdout
    compiler.write_text("two")
    os.utime(compiler, (2, 2))
    assert before != shell(state(str(compiler))).stdout != b""


def test_a_missing_compiler_has_no_state() -> None:
    found = shell(state("/bin/sh", "/no/such/compiler"))
    assert found.returncode != 0


def test_without_caches_none_fit() -> None:
    assert not Path("/toolchain").exists()
    assert shell(fits("/bin/sh")).returncode != 0


def test_a_step_prints_its_files_and_no_chatter(tmp_path: Path) -> None:
    script = step("echo chatter\necho kept >/tmp/made/kept", "/bin/sh").argv[-1]
    script = script.replace("/tmp/made", str(tmp_path / "made"))
    with tarfile.open(fileobj=io.BytesIO(shell(script).stdout)) as tar:
        assert sorted(tar.getnames()) == [".", "./kept", "./made-by"]


def test_a_step_that_fails_prints_no_files(tmp_path: Path) -> None:
    script = step("false", "/bin/sh").argv[-1].replace("/tmp/made", str(tmp_path / "made"))
    found = shell(script)
    assert found.returncode != 0
    assert found.stdout == b""
