"""``data/``: samples and secret cases, and for scored packages the groups that earn points.

Groups are folders with ``testdata.yaml`` (or ``test_group.yaml``), whose settings pass on to inner
groups. Example: a group with ``grader_flags: min`` and ``accept_score: 50`` is a subtask of 50
points that all its cases must earn together; one that sums gives each case points of its own. The
samples of a scored package are shown and not judged.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

from benchserver.core.task import ProgramCase, ProgramCases, Subtask
from benchserver.engines.taskformats.icpc.problem import Problem, read_yaml
from benchserver.engines.taskformats.icpc.validators import rule_of, tool_of
from benchserver.engines.taskformats.native.folder import Folder

_SETTINGS = ("testdata.yaml", "test_group.yaml")
_LINK = re.compile(r"\.\./[\w./-]{1,200}")
_ARGUMENTS = (".args", ".files", ".yaml")
_AGGREGATIONS = {"min": "min", "pass-fail": "min", "sum": "sum", "max": "", "avg": ""}
_FLAGS = ("output_validator_flags", "output_validator_args")


@dataclass(slots=True)
class _Group:
    """A folder of cases and groups. ``settings``: its own over those of the groups around it."""

    inner: str
    settings: dict[str, Any]
    cases: list[int] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=list)

    def all_cases(self) -> Iterable[int]:
        yield from self.cases
        for group in self.groups:
            yield from group.all_cases()


def read_tests(folder: Folder, problem: Problem) -> ProgramCases | None:
    """All cases with their rule. None and faults when there is nothing to judge by."""
    cases: list[ProgramCase] = []
    top = _settings(folder, "data", {})
    sample = _group(folder, "data/sample", top, cases)
    secret = _group(folder, "data/secret", top, cases)
    if next(iter(secret.all_cases()), None) is None:
        folder.fault("no secret case", inner="data/secret", mend="Add NAME.in and NAME.ans.")
        return None
    flags = _flags(folder, problem, (sample, secret))
    if problem.custom or problem.interactive:
        tool = tool_of(folder, problem, flags)
        checked: dict[str, Any] = {"interactor" if problem.interactive else "checker": tool}
    else:
        checked = rule_of(folder, flags)
    subtasks = tuple(_subtasks(folder, secret)) if problem.scoring else ()
    return ProgramCases(cases=tuple(cases), subtasks=subtasks, **checked)


def _group(
    folder: Folder, inner: str, around: Mapping[str, Any], cases: list[ProgramCase]
) -> _Group:
    group = _Group(inner, _settings(folder, inner, around))
    names = folder.names(inner)
    for stem in sorted({n.rpartition(".")[0] for n in names if n.endswith((".in", ".ans"))}):
        group.cases.append(len(cases))
        cases.append(_case(folder, f"{inner}/{stem}"))
    for name in names:
        if (folder.root / inner / name).is_dir() and not name.endswith(_ARGUMENTS):
            group.groups.append(_group(folder, f"{inner}/{name}", group.settings, cases))
        elif name.endswith(_ARGUMENTS) and name not in _SETTINGS:
            mend = "Give the program its input by standard input alone."
            folder.fault("a case with arguments or files", inner=f"{inner}/{name}", mend=mend)
    return group


def _case(folder: Folder, place: str) -> ProgramCase:
    return ProgramCase(
        stdin=_content(folder, f"{place}.in"),
        expected=_content(folder, f"{place}.ans"),
        name=place.removeprefix("data/"),
    )


def _content(folder: Folder, inner: str) -> str:
    """The file's text; a link that a checkout or archive wrote as its target's path is followed.

    Groups that contain the cases of smaller groups are customarily made of such links.
    """
    text = folder.text(inner)
    if not _LINK.fullmatch(text) or PurePosixPath(text).suffix != PurePosixPath(inner).suffix:
        return text
    target = posixpath.normpath(f"{posixpath.dirname(inner)}/{text}")
    inside = target.startswith("data/") and folder.has(target)
    return folder.text(target) if inside else text


def _settings(folder: Folder, inner: str, around: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(around)
    for name in _SETTINGS:
        if folder.has(f"{inner}/{name}"):
            found |= read_yaml(folder, f"{inner}/{name}") or {}
    return found


def _flags(folder: Folder, problem: Problem, groups: Iterable[_Group]) -> tuple[str, ...]:
    """The package's flags and those of its groups, which must agree."""
    own = {flags for group in groups for flags in _flags_of(group)}
    if len(own) > 1:
        mend = "Give all groups the same flags, or split the package."
        folder.fault("groups with different validator flags", inner="data", mend=mend)
    return (*problem.flags, *next(iter(own), ()))


def _flags_of(group: _Group) -> Iterable[tuple[str, ...]]:
    if group.cases:
        words = next((group.settings[key] for key in _FLAGS if group.settings.get(key)), ())
        items = words if isinstance(words, (list, tuple)) else str(words).split()
        yield tuple(str(item) for item in items)
    for inner in group.groups:
        yield from _flags_of(inner)


def _subtasks(folder: Folder, group: _Group) -> Iterable[Subtask]:
    how = _aggregation(folder, group)
    name = group.inner.removeprefix("data/secret/")
    if how == "min":
        cases = tuple(group.all_cases())
        yield Subtask(name=name, points=_points(folder, group), cases=cases)
        return
    for position, case in enumerate(group.cases, start=1):
        points = _points(folder, group, shared_by=len(group.cases))
        yield Subtask(name=f"{name} {position}", points=points, cases=(case,))
    for inner in group.groups:
        yield from _subtasks(folder, inner)


def _aggregation(folder: Folder, group: _Group) -> str:
    """``min`` (all or nothing) or ``sum``, the default."""
    words = [*str(group.settings.get("grader_flags") or "").split()]
    words += [str(group.settings.get("score_aggregation") or "")]
    known = [_AGGREGATIONS[word] for word in words if word in _AGGREGATIONS]
    odd = "" in known or str(group.settings.get("grading") or "default") != "default"
    if odd:
        mend = "Let groups be graded by min or sum."
        folder.fault("a grader that is not supported", inner=group.inner, mend=mend)
    return known[-1] if known and not odd else "sum"


def _points(folder: Folder, group: _Group, *, shared_by: int = 1) -> int:
    """Points of the group, or of one of the ``shared_by`` cases that share its ``max_score``."""
    settings = group.settings
    total = settings.get("max_score")
    value = total if total is not None else settings.get("accept_score", 1)
    try:
        exact = Fraction(str(value)) / (shared_by if total is not None else 1)
    except (ValueError, ZeroDivisionError):
        exact = Fraction(-1)
    if exact < 0 or exact.denominator != 1:
        folder.fault("points are no whole number", inner=group.inner, mend="Write 0 or more.")
        return 0
    return int(exact)
