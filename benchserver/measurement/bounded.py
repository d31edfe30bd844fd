"""The error of a score, told no finer than single results bear.

A clustered error knows which tasks of a family agree. Example: among 24 tasks only two share a
family, and 12 are passed: the error is .109 or .100, and so tells whether these two agree; whoever
is sure of one of them then knows the other. Where the shared families are few, or nearly all of
one kind, the largest error that any assignment of the same results could have is told instead.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

from benchserver.core.disclosure import MIN_CELL, Cell, Exact, shown_as
from benchserver.core.errors import BadInput
from benchserver.measurement.means import (
    Estimate,
    Interval,
    check_lengths,
    cluster_codes,
    mean_score,
    t_quantile,
    task_scores,
    wilson_of,
)

Classes = dict[int, dict[int, list[int]]]


def told_score(
    passed: Sequence[int],
    samples: int,
    *,
    families: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """A hidden score with the error and interval that may leave (Miller 2024; bounds: 2026).

    ``passed``: per task, of ``samples``. The clustered error where ``clusters_may_be_told``, else
    ``largest_error``; the interval is t's either way, Wilson's where there is no spread.
    Known answer: 111000110111 in four families of three is too few tasks: .272165526976, not the
    clustered .235702260396. Raises ``BadInput`` below two families and on impossible counts.
    """
    values = task_scores(passed, [samples] * len(passed))
    exact = mean_score(values, families=families, confidence=confidence)
    if clusters_may_be_told(passed, samples, families=families):
        return exact
    se = largest_error(values, families=families)
    half = t_quantile(0.5 + confidence / 2, exact.df) * se
    interval, method = Interval(max(0.0, exact.mean - half), min(1.0, exact.mean + half)), "bound"
    if se < 1e-12:
        interval, method = wilson_of(exact.mean, exact.clusters, confidence), "wilson"
    return Estimate(
        mean=exact.mean,
        se=se,
        se_naive=exact.se_naive,
        interval=interval,
        confidence=confidence,
        tasks=exact.tasks,
        clusters=exact.clusters,
        df=exact.df,
        method=method,
    )


def largest_error(values: Sequence[float], *, families: Sequence[Hashable] | None = None) -> float:
    """The largest clustered error that these results could have, whichever task had which.

    sqrt(sum of n_j r_j^2) / L * sqrt(G / (G - 1)), with the squared residuals and the sizes of the
    tasks' families both in order of size. By Cauchy and Schwarz the square of a family's sum is at
    most n times its squares, and by Hardy, Littlewood and Polya (1934, theorem 368) no other
    order makes more of them. It equals the clustered error where no family is shared. A design
    effect of sum n_g^2 / L would be none: on large residuals in large families it falls short.
    Known answer: the module's 12 of 24 with one pair, .108617052719 however the pair came out.
    Raises ``BadInput`` with fewer than two families.
    """
    codes, clusters = cluster_codes(families, len(values))
    if clusters < 2:
        raise BadInput("an error needs at least two families of tasks", place="families")
    mean = math.fsum(values) / len(values)
    size = Counter(codes)
    squares = sorted((value - mean) ** 2 for value in values)
    weights = sorted(size[code] for code in codes)
    most = math.fsum(n * r for n, r in zip(weights, squares, strict=True))
    return math.sqrt(most * clusters / (clusters - 1)) / len(values)


def clusters_may_be_told(
    passed: Sequence[int], samples: int, *, families: Sequence[Hashable] | None = None
) -> bool:
    """Whether the clustered error tells of no few tasks (rules: docs/statistics.md, 2026).

    It weighs each task by its family's size and counts the families that agree within. So the
    tasks of each size must be ``MIN_CELL`` or more with a count that needs no bound, and so must
    be the number of shared families all whose samples came out alike. Known answers: no shared
    family, True; one pair among 24, False; twelve pairs of which six agree, True; all twelve
    agree, False. Raises ``BadInput`` when there are not as many families as tasks.
    """
    check_lengths(passed, [samples] * len(passed))
    classes = _by_size(families, len(passed))
    shared = [group for size, groups in classes.items() if size > 1 for group in groups.values()]
    if not shared:
        return True
    sizes = [[j for group in groups.values() for j in group] for groups in classes.values()]
    if any(len(tasks) < MIN_CELL for tasks in sizes):
        return False
    if len(sizes) > 1 and not all(_exact(tasks, passed, samples) for tasks in sizes):
        return False
    alike = sum(_alike(group, passed, samples) for group in shared)
    names = frozenset(map(str, range(len(shared))))
    return isinstance(shown_as(Cell("families", names, alike, len(shared))), Exact)


def _by_size(families: Sequence[Hashable] | None, tasks: int) -> Classes:
    """Size of family -> family -> its tasks."""
    codes, _ = cluster_codes(families, tasks)
    members: dict[int, list[int]] = defaultdict(list)
    for task, code in enumerate(codes):
        members[code].append(task)
    found: Classes = defaultdict(dict)
    for code, group in members.items():
        found[len(group)][code] = group
    return found


def _exact(tasks: Iterable[int], passed: Sequence[int], samples: int) -> bool:
    members = frozenset(map(str, tasks))
    count = sum(passed[int(task)] for task in members)
    return isinstance(shown_as(Cell("size", members, count, len(members) * samples)), Exact)


def _alike(group: Sequence[int], passed: Sequence[int], samples: int) -> bool:
    return sum(passed[task] for task in group) in (0, samples * len(group))
