"""Which method made each number that a provider reads, as ``id@version``, and pass@k's interval.

The board's numbers are named in its snapshot; a provider's own result names its numbers likewise.
Example: ``private.score_e4`` is ``task-mean@1``. The interval of pass@k is Wilson's on the told
share itself, so that it tells nothing of single hidden tasks that the share does not: a task's
chance lies between 0 and 1, so its spread is at most that of a coin of the same mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from benchserver.measurement.estimators import label
from benchserver.measurement.means import wilson_of

_CELL = {
    "score_e4": "task-mean",
    "se_e4": "clustered-error",
    "low_e4": "t-interval",
    "high_e4": "t-interval",
}
_HIDDEN = {"se_e4": "told-error", "low_e4": "told-error", "high_e4": "told-error"}
_MADE_BY: Mapping[str, str] = {
    **{f"private.{name}": made for name, made in (_CELL | _HIDDEN).items()},
    **{f"public.{name}": made for name, made in _CELL.items()},
    **{f"gap.{name}_e4": "gap" for name in ("diff", "low", "high")},
    **{f"pass_at_k.{split}.*": "pass-at-k" for split in ("private", "public")},
    **{f"pass_at_k.intervals.{split}.*.*": "wilson" for split in ("private", "public")},
}


def estimators(result: Mapping[str, Any]) -> dict[str, str]:
    """Path -> ``id@version`` of every number there is in a provider's result; a whole number that
    was only counted is ``count@1``. ``*`` stands for a sample count or for an end."""
    paths = sorted(set(_numbers(result)))
    return {path: label(_MADE_BY.get(path, "count")) for path in paths}


def interval(share_e4: int, families: Sequence[Hashable]) -> list[int]:
    """Both ends in ten-thousandths; ``families``: of each task. Alike tasks count as fewer:
    L² / sum of squared family sizes (Kish 1965)."""
    sizes = Counter(families).values()
    alike = max(1, sum(sizes) ** 2 // sum(size * size for size in sizes))
    found = wilson_of(share_e4 / 10_000, alike, 0.95)
    return [round(10_000 * found.low), round(10_000 * found.high)]


def _numbers(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = "*" if str(key).isdecimal() else str(key)
            yield from _numbers(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, f"{path}.*")
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path
