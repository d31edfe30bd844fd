"""Nothing of the room is a library nobody calls: outside of it somebody asks for every name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from benchserver.measurement.estimators import ESTIMATORS

ROOT = Path(__file__).parents[2] / "benchserver"
ROOM = ROOT / "measurement"
Name = tuple[str, str]  # module, function


def module_of(path: Path) -> str:
    """Its dotted name from the package on."""
    steps = path.with_suffix("").parts
    start = len(steps) - 1 - steps[::-1].index("benchserver")
    return ".".join(steps[start:]).removesuffix(".__init__")


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


def parts(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Every top-level name with what defines it: functions, classes, constants."""
    for node in tree.body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        names = [getattr(node, "name", None), *(getattr(t, "id", None) for t in targets)]
        yield from ((name, node) for name in names if name)


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
        for name, node in parts(tree):
            inside.setdefault((own, name), set()).update(names_in(node, known, own))
    found: set[Name] = set()
    while asked:
        name = asked.pop()
        if name in inside and name not in found:
            found.add(name)
            asked += inside[name]
    return found


def public(room: Path = ROOM) -> set[Name]:
    """Every function, class and constant of the room that does not say it is private."""
    return {
        (module_of(path), name)
        for path in room.rglob("*.py")
        for name, _ in parts(ast.parse(path.read_text(encoding="utf-8")))
        if not name.startswith("_")
    }


def methods(room: Path = ROOM) -> set[str]:
    """Public methods and properties of the room's public classes."""
    return {
        member.name
        for path in room.rglob("*.py")
        for name, node in parts(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and not name.startswith("_")
        for member in node.body
        if isinstance(member, ast.FunctionDef) and not member.name.startswith("_")
    }


def attributes(root: Path = ROOT) -> set[str]:
    """Every ``.name`` that some code reads."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in root.rglob("*.py")]
    return {
        node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }


def test_every_public_name_of_the_room_is_asked_for_outside() -> None:
    assert public() - reached() == set()


def test_every_method_of_the_room_is_called_by_some_code() -> None:
    assert methods() - attributes() == set()


def test_the_table_of_estimators_names_public_functions_of_the_room() -> None:
    made = (entry.function.split(":") for entry in ESTIMATORS.values())
    named = {(f"benchserver.{module}", name) for module, name in made}
    assert named - reached() == set()


def test_a_name_that_only_its_own_room_or_a_test_knows_is_seen(tmp_path: Path) -> None:
    room = tmp_path / "benchserver" / "measurement"
    room.mkdir(parents=True)
    (room / "sums.py").write_text(
        "def used(): return helped()\n"
        "def helped(): return 1\n"
        "def alone(): return helped()\n"
        "def _own(): return 2\n"
        "LIMIT = 3\n"
        "class Sum:\n"
        "    def tell(self): return LIMIT\n"
    )
    (tmp_path / "benchserver" / "door.py").write_text(
        "from benchserver.measurement import sums\nprint(sums.used())\n"
    )
    known = public(room) - reached(tmp_path / "benchserver", room)
    assert {name for _, name in known} == {"alone", "LIMIT", "Sum"}
    assert methods(room) - attributes(tmp_path / "benchserver") == {"tell"}
