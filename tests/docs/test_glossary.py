"""One meaning a word: the glossary says each word once, and the states it names exist."""

from __future__ import annotations

import re

from benchserver.core.verdict import Verdict
from tests.docs.markdown import ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text()
WORDS = re.findall(r"^\| \*\*(.+?)\*\* \|", TEXT, re.M)
NEEDED = """task, TaskVersion, family, pool, track, split, rotation, form, protocol, owner group,
provider, model, endpoint, evaluation, attempt, exposure, send, reply, candidate, examiner, judge,
outcome, verdict, fault, score, snapshot, entry, canary, panel, job"""


def test_each_word_is_explained_once():
    folded = [word.lower() for word in WORDS]
    assert sorted(folded) == sorted(set(folded))


def test_the_words_of_the_house_are_all_there():
    needed = {word.strip().lower() for word in NEEDED.replace("\n", " ").split(",")}
    assert needed - {word.lower() for word in WORDS} == set()


def test_the_words_stand_in_alphabetical_order():
    assert sorted(WORDS, key=str.lower) == WORDS


def test_every_verdict_is_named():
    assert {verdict.value for verdict in Verdict if verdict.value not in TEXT} == set()
