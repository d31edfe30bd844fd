"""Which estimator, in which version, made each number of a snapshot.

Every numeric member has a line here, by its path with ``*`` for any place in a list. Example:
``rows.*.private.score_e4`` is ``task-mean@1``; a reader looks the id up on the methodology page.
A test walks a published snapshot and fails on a number without a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchserver.measurement.estimators import label
from benchserver.measurement.ranks import adjustment

OBSERVED_FROM = 6  # models: 15 pairs, so that no single pair can be read off their mean

_CELLS = ("rows.*.private", "rows.*.public")
_CELL = {
    "tasks": "count",
    "samples": "count",
    "passed": "count",
    "missing": "count",
    "score_e4": "task-mean",
    "se_e4": "clustered-error",
    "low_e4": "t-interval",
    "high_e4": "t-interval",
}
_USES = ("cost_micro_usd", "tokens_out", "milliseconds")
_COUNTS = (
    "v",
    "seq",
    "sequence",
    "min_cell",
    "rotation.private_tasks",
    "rotation.public_tasks",
    "rotation.withdrawn_private",
    "rotation.withdrawn_public",
    "rotation.log_index",
    "rotation.witnesses",
    "protocol.samples",
    "protocol.max_tokens",
    "protocol.deadline_seconds",
    "evaluations.started",
    "evaluations.running",
    "evaluations.complete",
    "evaluations.incomplete",
    "evaluations.cancelled",
    "rows.*.faults.endpoint",
    "rows.*.faults.platform",
    "rows.*.evaluations",
    "rows.*.owner_evaluations",
    "rows.*.tokens_in",
    "rows.*.tokens_out",
    "rows.*.cost_micro_usd",
    "unranked.*.evaluations",
    "pairs.tasks",
    "equating.link.panel_models",
    "equating.link.panel_families",
)
_PART = "rows.*.breakdown.cells.*"
_EQUATED = ("expected_e4", "se_e4", "low_e4", "high_e4", "theta_e3", "theta_se_e3")
_LINK = ("shift_e3", "shift_se_e3", "dispersion_e3")

# Path -> id. Whoever adds a number to the snapshot adds its line.
NAMES: Mapping[str, str] = {
    **dict.fromkeys(_COUNTS, "count"),
    **{f"{cell}.{name}": made for cell in _CELLS for name, made in _CELL.items()},
    "rows.*.private.se_e4": "told-error",
    "rows.*.private.low_e4": "told-error",
    "rows.*.private.high_e4": "told-error",
    **{f"rows.*.price.{u}.{end}": "use-per-task" for u in _USES for end in ("mean", "low", "high")},
    **{f"rows.*.equated.{name}": "equated-score" for name in _EQUATED},
    **{f"equating.link.{name}": "panel-rasch" for name in _LINK},
    "equating.link.steady_e3": "panel-link",
    **dict.fromkeys((f"{_PART}.tasks", f"{_PART}.samples"), "count"),
    f"{_PART}.passed": "discrete-laplace",
    f"{_PART}.noise_e4": "discrete-laplace-sd",
    **{f"{_PART}.{name}": "noisy-share" for name in ("score_e4", "se_e4", "low_e4", "high_e4")},
    f"{_PART}.epsilon_e3": "privacy-spent",
    "rows.*.breakdown.epsilon_e3": "privacy-spent",
    "rows.*.breakdown.epsilon_ever_e3": "privacy-spent",
    "rows.*.breakdown.epsilon_limit_e3": "privacy-spent",
    "rows.*.tier": "leader-tiers",
    "rows.*.rank_best": "rank-intervals",
    "rows.*.rank_worst": "rank-intervals",
    "rows.*.rank_upper_bound": "upper-bound-rank",
    "rows.*.gap.diff_e4": "gap",
    "rows.*.gap.low_e4": "gap",
    "rows.*.gap.high_e4": "gap",
    "rows.*.seen_before_e4": "seen-before",
    "rows.*.evidence.alarm_e6": "evidence-grade",
    **dict.fromkeys(
        (
            "exposure.pool_tasks",
            "exposure.groups.*.samples",
            "exposure.groups.*.sends",
            "exposure.forecast.groups",
            "exposure.forecast.intake_per_quarter",
        ),
        "count",
    ),
    "exposure.groups.*.tasks": "tasks-seen",
    "exposure.groups.*.share_e4": "tasks-seen",
    "exposure.gini_e4": "exposure-gini",
    "exposure.forecast.rotations": "pool-forecast",
    "rows.*.cost_per_task_micro_usd": "use-per-task",
    "pairs.difference_e4.*": "paired-difference",
    "pairs.margin_e4.*": "pair-margin",
    "pairs.p_e6.*": "p-step",
    "pairs.p_adjusted_e6.*": "",  # by the number of models
    "resolves_e4": "",  # by the number of models
}
# Yes-or-no members that an estimator decides.
DECIDED: Mapping[str, str] = {
    **{f"rows.*.price.{u}.frontier": "price-frontier" for u in _USES},
    "equating.comparable": "panel-link",
}


def estimators(body: Mapping[str, Any]) -> dict[str, str]:
    """Path -> ``id@version`` for every number the body holds, and what decides yes or no."""
    models = len(body["rows"])
    names = {
        **NAMES,
        **DECIDED,
        "resolves_e4": "observed-resolution"
        if models >= OBSERVED_FROM
        else "detectable-difference",
        "pairs.p_adjusted_e6.*": adjustment(models),
    }
    # The log's own members are added to the body after this.
    held = {*leaves(body), *(path for path in _COUNTS if "." not in path)}
    return {path: label(names[path]) for path in sorted(held) if path in names}


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all integers and decisions of a body, with ``*`` for any place in a list."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}.*")
    elif isinstance(value, bool):
        if path in DECIDED:
            yield path
    elif isinstance(value, int):
        yield path
