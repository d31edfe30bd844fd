"""The statement a model is shown: title, the author's words, and the samples."""

from __future__ import annotations

from pathlib import Path

from tests.engines.taskformats.icpc.packages import package, task_of


def test_samples_are_shown_below_the_text_and_secret_cases_are_not(tmp_path: Path) -> None:
    statement = task_of(package(tmp_path)).statement
    assert statement == (
        "# Double\n\nPrint twice the \\emph{number}.\n"
        "\n## Sample Input 1\n\n```\n1\n```\n\n## Sample Output 1\n\n```\n2\n```\n"
    )


def test_markdown_in_the_newer_folder_is_read_too(tmp_path: Path) -> None:
    files = {"problem_statement/problem.en.tex": None, "statement/problem.en.md": "Twice.\n"}
    assert "# Double\n\nTwice.\n" in task_of(package(tmp_path, files)).statement


def test_an_interactive_package_shows_its_interactions(tmp_path: Path) -> None:
    files: dict[str, str | None] = {
        "problem.yaml": "name: Guess\nvalidation: custom interactive",
        "output_validators/talk.py": "print(1)\n",
        "data/sample/1.interaction": "<higher\n>7\n",
    }
    statement = task_of(package(tmp_path, files)).statement
    assert "Sample Interaction 1" in statement
    assert "```\n<higher\n>7\n```" in statement
    assert "Sample Input" not in statement
