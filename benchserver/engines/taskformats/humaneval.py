"""HumanEval as it is published: JSONL (or .gz) with prompt, canonical solution and ``check``.

The prompt is statement and trusted code at once, so a reply may be a whole program or only the
indented body. Example: HumanEval/38 is tested by calling ``decode_cyclic`` of the reply while the
helper ``encode_cyclic`` comes from the prompt, out of the reply's reach.

Format: https://github.com/openai/human-eval (Chen et al. 2021, arXiv 2107.03374).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchserver.core.errors import BadInput
from benchserver.core.task import CheckScript, Shape, TaskSpec
from benchserver.engines.taskformats import jsonl, pythonsource
from benchserver.engines.taskformats.faults import Faults, refuse_doubles, text_of

_KEYS = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
_ALIAS = "_candidate = check\n\n"


class HumanEval:
    name = "humaneval"

    def recognises(self, path: Path) -> bool:
        return jsonl.first_keys(path).issuperset(_KEYS)

    def read(self, path: Path) -> list[TaskSpec]:
        """All tasks of the file, in its order. Raises ``SourceFaults``."""
        faults = Faults()
        records = jsonl.read_records(path, faults=faults)
        tasks = [_task(record, faults=faults) for record in records]
        named = [(t.source_id, r.place) for t, r in zip(tasks, records, strict=True)]
        refuse_doubles(named, faults=faults)
        faults.stop_if_any()
        return tasks

    def write(self, tasks: Iterable[TaskSpec], path: Path) -> None:
        """The five published fields a task; topic, limits and the like have no place there.

        Raises ``BadInput`` for a task that HumanEval cannot say (nothing is written then).
        """
        jsonl.write_records([_fields(task) for task in tasks], path)


def _task(record: jsonl.Record, *, faults: Faults) -> TaskSpec:
    texts = {key: text_of(record.data, key, faults=faults, place=record.place) for key in _KEYS}
    prompt, entry = texts["prompt"], texts["entry_point"]
    reference = prompt + texts["canonical_solution"]
    if all(isinstance(record.data.get(key), str) for key in _KEYS):
        _check(record, entry=entry, reference=reference, test=texts["test"], faults=faults)
    tests = CheckScript(setup=prompt, script=script_of(texts["test"], entry), proxies=(entry,))
    return TaskSpec(
        source_id=texts["task_id"],
        shape=Shape.FUNCTION,
        statement=prompt,
        prompt_code=prompt,
        entry_point=entry,
        reference=reference,
        tests=tests,
    )


def _check(record: jsonl.Record, *, entry: str, reference: str, test: str, faults: Faults) -> None:
    for code, name, what in (
        (reference, entry, "prompt + canonical_solution"),
        (test, "check", "test"),
    ):
        if pythonsource.parsed(code) is None:
            faults.add(f"{what} is not Python", place=record.place, mend=f"Mend {what}.")
        elif name not in pythonsource.defined_names(code):
            faults.add(
                f"{what} does not define the function that is called",
                place=record.place,
                mend="Let the solution define entry_point and the test define check(candidate).",
            )


def script_of(test: str, entry: str) -> str:
    """The test code with its call; a function named ``check`` is kept before ``test`` hides it."""
    if entry == "check":
        return f"{_ALIAS}{test}\n\ncheck(_candidate)\n"
    return f"{test}\n\ncheck({entry})\n"


def test_of(script: str, entry: str) -> str | None:
    """Inverse of ``script_of``; None when the script is of another make."""
    head, tail = (_ALIAS, "\n\ncheck(_candidate)\n") if entry == "check" else ("", "")
    tail = tail or f"\n\ncheck({entry})\n"
    if not (script.startswith(head) and script.endswith(tail)):
        return None
    return script[len(head) : len(script) - len(tail)]


def _fields(task: TaskSpec) -> dict[str, str]:
    tests = task.tests
    test = test_of(tests.script, task.entry_point) if isinstance(tests, CheckScript) else None
    prompt = task.prompt_code
    if test is None or not prompt or not task.reference.startswith(prompt):
        raise BadInput(
            "this task does not fit the HumanEval format",
            place=task.source_id,
            mend="Write it in the native format.",
        )
    return {
        "task_id": task.source_id,
        "prompt": prompt,
        "entry_point": task.entry_point,
        "canonical_solution": task.reference.removeprefix(prompt),
        "test": test,
    }
