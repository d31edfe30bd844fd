"""Outcomes are of two types: what the model did, and whose failure it was instead."""

from benchserver.core.verdict import FaultKind, Judgement, Verdict


def test_only_passed_scores():
    passing = [verdict for verdict in Verdict if Judgement(verdict=verdict).passed]
    assert passing == [Verdict.PASSED]


def test_no_verdict_is_also_a_fault():
    assert not {v.value for v in Verdict} & {f.value for f in FaultKind}
