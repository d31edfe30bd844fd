"""All tests there is data for, on one model: from counts to findings. One door, so that a
simulation judges models by the very code that judges real ones.

Example: a model without declared cutoff gets no cliff test, and one in a form without canaries no
canary test; what was not tested is not evidence of anything and is not counted in the family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benchserver.core.errors import BadInput
from benchserver.measurement.contamination import canaries, cliff, gaps, twins
from benchserver.measurement.contamination.evidence import Finding, Source
from benchserver.measurement.estimators import label

MIN_PANEL = 3  # models, for a gap to be held against theirs
MIN_SIDE = 10  # tasks on each side of a cutoff below which no cliff is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Public tasks by date: the target's scores, the panel's passes out of samples, and each
    control model's scores. ``start``: the youngest control's cutoff."""

    written: tuple[date | None, ...]
    cutoff: date
    start: date | None
    scores: tuple[float, ...]
    panel_passed: tuple[float, ...]
    panel_samples: tuple[float, ...]
    controls: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """``own`` (public, private) task scores and those of each panel model on the same tasks, means
    of ``samples``."""

    own: gaps.Split
    panel: tuple[gaps.Split, ...]
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """So many hits of so many, for the model and for all of the panel together."""

    model: canaries.Passes
    panel: canaries.Passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Twins: discordant pairs of the model and of the panel."""

    model: twins.Split
    pairs: int
    panel: twins.Split
    panel_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """The most suspicious pair of endpoints this model belongs to; p after all its pairs."""

    p_value: float
    excess: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of one model; None or 0 where there is no data. ``salts``: replies that give
    back a salt which only somebody else, or another rotation, was sent; ``literals``: tasks with a
    reply that holds more of the hidden tests' long literals than any panel reply to the same."""

    dated: Dated | None = None
    measured: Measured | None = None
    canaries: Counted | None = None
    salts: int = 0
    replies: Counted | None = None
    literals: Counted | None = None
    twins: Paired | None = None
    relay: Relayed | None = None


def findings(subject: Subject) -> list[Finding]:
    """The answers of all tests that can be made. Raises ``BadInput`` for impossible counts."""
    found = [
        _cliff(subject.dated),
        _gap(subject.measured),
        _canaries(subject.canaries),
        _salts(subject.salts),
        _replies(subject.replies),
        _literals(subject.literals),
        _twins(subject.twins),
        _relay(subject.relay),
    ]
    return [finding for finding in found if finding is not None]


def tests_of(subject: Subject) -> int:
    """How many tests ``findings`` would make, to be summed over a board before any is made."""
    parts = (
        subject.measured,
        subject.canaries,
        subject.replies,
        subject.literals,
        subject.twins,
        subject.relay,
    )
    return sum(part is not None for part in parts) + _has_cliff(subject.dated)


def _has_cliff(dated: Dated | None) -> bool:
    if dated is None or not 0 < sum(dated.scores) < len(dated.scores):
        return False
    if not (sum(dated.panel_samples) or dated.controls):
        return False  # without anybody to compare with, a fall may be harder tasks
    sides = cliff.windows(dated.written, cutoff=dated.cutoff, start=dated.start)
    return min(len(sides.before), len(sides.after)) >= MIN_SIDE


def _cliff(dated: Dated | None) -> Finding | None:
    """Residuals against the panel where it met the tasks, else differences to the controls."""
    if dated is None or not _has_cliff(dated):
        return None
    sides = cliff.windows(dated.written, cutoff=dated.cutoff, start=dated.start)
    if sum(dated.panel_samples):
        hardness = cliff.panel_difficulties(dated.panel_passed, dated.panel_samples)
        shift = cliff.residual_shift(cliff.residuals(dated.scores, hardness), sides)
        return _public("cliff-residuals", shift.p_value, shift.effect)
    ours = cliff.table(dated.scores, sides)
    theirs = _sum([cliff.table(scores, sides) for scores in dated.controls])
    steps = cliff.difference_in_differences(ours, theirs)
    return _public("cliff-controls", steps.p_value, _fall(ours) - _fall(theirs))


def _fall(counts: cliff.Table) -> float:
    """Pass rate before less pass rate after."""
    return counts.passed_before / counts.before - counts.passed_after / counts.after


def _public(test: str, p_value: float, effect: float) -> Finding:
    source = Source.PUBLIC_TASKS
    return Finding(test=label(test), source=source, p_value=p_value, effect=effect)


def _sum(tables: Sequence[cliff.Table]) -> cliff.Table:
    return cliff.Table(
        sum(t.passed_before for t in tables),
        sum(t.before for t in tables),
        sum(t.passed_after for t in tables),
        sum(t.after for t in tables),
    )


def _gap(measured: Measured | None) -> Finding | None:
    if measured is None:
        return None
    found = gaps.residual_gap(measured.own, measured.panel, samples=measured.samples)
    return _public("gap-residuals", found.p_value, found.adjusted)


def _canaries(counted: Counted | None) -> Finding | None:
    if counted is None:
        return None
    return _hits("canary-passes", Source.CANARIES, counted)


def _replies(counted: Counted | None) -> Finding | None:
    if counted is None:
        return None
    return _hits("regurgitation", Source.REPLIES, counted)


def _literals(counted: Counted | None) -> Finding | None:
    """Without a panel there is nothing to hold it against: it asks for a look and has p 1."""
    if counted is None:
        return None
    if counted.panel.sent:
        return _hits("hidden-literals", Source.REPLIES, counted)
    effect = counted.model.passed / counted.model.sent
    test = label("hidden-literals")
    return Finding(test=test, source=Source.REPLIES, p_value=1.0, effect=effect)


def _hits(test: str, source: Source, counted: Counted) -> Finding:
    """Hits above what the panel leaves possible, with the panel's own counts as the base."""
    model, panel = counted.model, counted.panel
    if not model.sent or not panel.sent:
        raise BadInput("hits are counted on the model and on the panel", place=test)
    honest = canaries.honest_rate(panel)
    excess = model.passed / model.sent - panel.passed / panel.sent
    p = canaries.chance(model, honest=honest)
    return Finding(test=label(test), source=source, p_value=min(1.0, p), effect=excess)


def _salts(seen: int) -> Finding | None:
    """One is enough: chance gives a salt of 40 bits back once in 10^12 replies."""
    if not seen:
        return None
    p = min(1.0, seen * 2.0**-40)
    test, source = label("foreign-salt"), Source.CANARIES
    return Finding(test=test, source=source, p_value=p, effect=1.0, conclusive=True)


def _twins(paired: Paired | None) -> Finding | None:
    if paired is None:
        return None
    found = twins.twin_test(
        paired.model, pairs=paired.pairs, panel=paired.panel, panel_pairs=paired.panel_pairs
    )
    return Finding(
        test=label("twins"), source=Source.TWINS, p_value=found.p_value, effect=found.effect
    )


def _relay(relayed: Relayed | None) -> Finding | None:
    if relayed is None:
        return None
    return Finding(
        test=label("shared-failures"),
        source=Source.FAILURES,
        p_value=relayed.p_value,
        effect=relayed.excess,
    )


def measured_gap(own: gaps.Split, *, panel: Sequence[gaps.Split], samples: int) -> Measured | None:
    """None when there is nothing to compare: a model that passes all or nothing, fewer than
    ``MIN_PANEL`` panel models that do neither, or a panel for which all tasks are alike."""
    telling = tuple(one for one in panel if gaps.tells(one))
    varied = any(len(set(side)) > 1 for one in telling for side in one)
    if len(telling) < MIN_PANEL or not varied or not gaps.tells(own):
        return None
    return Measured(own=own, panel=telling, samples=samples)
