"""No estimator is a library nobody calls: outside its room somebody asks for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from benchserver.measurement.estimators import ESTIMATORS

ROOT = Path(__file__).parents[2] / "benchserver"
ROOM = ROOT / "measurement"
Name = tuple[str, str]  # module, function

# Not asked for by code: what docs/statistics.md and the tests hold other numbers against, and
# ``score``, whose two steps (``task_scores``, ``mean_score``) the rooms take one by one.
YARDSTICKS = {
    "bernoulli-error",
    "best-of-n",
    "ladder-bound",
    "task-mean",
    "tasks-needed",
    "variance-split",
}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def names_in(tree: ast.AST, imported: dict[str, Name], own: str) -> Iterator[Name]:
    """What is named: ``f`` as imported or the module's own, ``m.f`` of an imported module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield imported.get(node.id, (own, node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = imported.get(node.value.id)
            if module is not None:
                yield (f"{module[0]}.{module[1]}", node.attr)


def imports(tree: ast.AST) -> dict[str, Name]:
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def reached(root: Path = ROOT, room: Path = ROOM) -> set[Name]:
    """Everything of the room that code outside it asks for, and what that asks for in turn."""
    inside: dict[Name, set[Name]] = {}
    asked: list[Name] = []
    for path in root.rglob("*.py"):
        tree, own = ast.parse(path.read_text(encoding="utf-8")), module_of(path)
        known = imports(tree)
        if room not in path.parents:
            asked += names_in(tree, known, own)
            continue
        for node in tree.body:
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            for name in [getattr(node, "name", None), *(getattr(t, "id", None) for t in targets)]:
                if name:
                    inside[own, name] = set(names_in(node, known, own))
    found: set[Name] = set()
    while asked:
        name = asked.pop()
        if name in inside and name not in found:
            found.add(name)
            asked += inside[name]
    return found


def uncalled(found: set[Name]) -> set[str]:
    made = {id: e.function.split(":") for id, e in ESTIMATORS.items()}
    return {
        id for id, (module, name) in made.items() if (f"benchserver.{module}", name) not in found
    }


def test_every_estimator_has_a_caller_outside_its_room() -> None:
    assert uncalled(reached()) == YARDSTICKS


def test_an_estimator_that_only_its_own_room_knows_is_seen() -> None:
    found = reached() - {("benchserver.measurement.multiplicity", "benjamini_hochberg")}
    assert "benjamini-hochberg" in uncalled(found)
    assert "holm" not in uncalled(found)
