"""Decisions are recorded in one form: numbered, dated by status, context before consequence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs import markdown
from tests.docs.markdown import ROOT

FOLDER = ROOT / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
# The three questions every record answers, under the names it may use for them.
PARTS = ({"Context", "Question"}, {"Decision"}, {"Consequences", "What it does not protect"})


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_number_status_context_decision_and_consequences(record: Path):
    text = record.read_text()
    number = record.name[:4]
    assert text.startswith(f"# {number} ")
    assert re.search(r"^Status: (accepted|superseded by \d{4})", text, re.M)
    said = set(markdown.headings(text))
    for names in PARTS:
        assert names & said, f"a heading of {sorted(names)}"


def test_numbers_are_given_once_and_without_gaps():
    numbers = [int(record.name[:4]) for record in RECORDS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_dependency_has_its_line_of_why():
    """Each package of the project file stands in the record of dependencies."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=; ]", line, maxsplit=1)[0] for line in wanted}
    (record,) = FOLDER.glob("*-dependencies.md")
    chosen = record.read_text().partition("### Rejected")[0]
    rows = re.findall(r"^\| `([^`]+)` \|", chosen, re.M)
    assert len(rows) == len(set(rows))
    assert names - set(rows) == set()
    assert set(rows) - names == set(), "no longer in pyproject.toml"
