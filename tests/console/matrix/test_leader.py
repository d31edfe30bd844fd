"""Everybody against the leader: paired, looked at together, and drawn anew by families."""

from __future__ import annotations

import numpy as np
import pytest

from benchserver.console.matrix.report import estimators, report_on
from tests.console.matrix.test_report import drawn, table


def leader(report):
    (part,) = (part for part in report.parts if part.key == "leader")
    return part


def printed_pair() -> np.ndarray:
    """100 tasks: both pass 40, the leader alone 14, the other alone 6."""
    rows = np.zeros((2, 100))
    rows[:, :40], rows[0, 40:54], rows[1, 54:60] = 1, 1, 1
    return rows


def test_the_printed_pair_is_told_with_both_tests_and_what_pairing_gains():
    part = leader(report_on(table(printed_pair()), title="x"))
    (rival,) = part.values["rivals"]
    assert (part.values["leader"], rival["model"]) == ("m0", "m1")
    assert (rival["only_leader"], rival["only_other"]) == (14, 6)
    assert rival["difference"] == pytest.approx(0.08)
    assert rival["se"] == pytest.approx(0.0442216638714, abs=1e-9)
    assert rival["se_unpaired"] > 1.5 * rival["se"]
    assert rival["p_value"] == pytest.approx(0.11531829834, abs=1e-9)
    assert rival["mid_p"] == pytest.approx(0.0783538818359, abs=1e-9)
    # who forgets the pairing has the wider interval
    assert rival["unpaired_low"] < rival["low"] < rival["high"] < rival["unpaired_high"]
    assert ("How far ahead is m0?", "mcnemar-mid-p@1") in estimators(
        report_on(table(printed_pair()), title="x")
    )


def test_p_values_that_are_looked_at_together_are_adjusted_for_false_findings():
    part = leader(report_on(table(drawn(9, 80)), title="x"))
    rivals = part.values["rivals"]
    raw = sorted(rival["p_value"] for rival in rivals)
    found = sorted(rival["p_found"] for rival in rivals)
    assert len(rivals) == len(part.rows) == 8
    assert all(q >= p for p, q in zip(raw, found, strict=True))
    assert found[-1] == pytest.approx(raw[-1])  # the largest stays as it is


def test_runs_that_depend_on_each_other_widen_the_drawn_interval():
    apart = drawn(4, 30, seed=5)
    rows = np.repeat(apart, 4, axis=1)  # each task asked four times, always alike
    names = tuple(f"f{n // 4}" for n in range(120))
    alone = leader(report_on(table(rows), title="x")).values["bootstrap"]
    kin = leader(report_on(table(rows, families=names), title="x"))
    drawn_kin = kin.values["bootstrap"]
    assert drawn_kin["high"] - drawn_kin["low"] > 1.5 * (alone["high"] - alone["low"])
    assert all("mid_p" not in rival for rival in kin.values["rivals"])  # no single tasks to count


def test_too_few_families_are_refused_in_words_and_the_rest_stands():
    names = tuple(f"f{n % 4}" for n in range(60))
    part = leader(report_on(table(drawn(3, 60), families=names), title="x"))
    assert part.values["bootstrap"] == {"refused": "a bootstrap over 4 families is degenerate"}
    assert "No bootstrap is drawn: a bootstrap over 4 families" in part.sentences[1]
    assert len(part.rows) == 2


def test_only_tasks_that_both_ran_count():
    rows = printed_pair()
    rows[1, :40] = np.nan
    (rival,) = leader(report_on(table(rows), title="x")).values["rivals"]
    assert rival["tasks"] == 60
    assert (rival["only_leader"], rival["only_other"]) == (14, 6)
