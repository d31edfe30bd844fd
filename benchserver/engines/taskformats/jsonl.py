"""Read the files of the field that hold one JSON object a line, plain or gzipped.

Every record keeps its place, so that a fault can say ``HumanEval.jsonl.gz:17``. A ``.json`` file
whose top is a list (as the sanitised MBPP is published) counts as records too; there a place is
the position, ``sanitized-mbpp.json:[3]``. Unpacked size is capped: a gzip bomb is a fault.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from benchserver.core.errors import BadInput
from benchserver.engines.taskformats.faults import Faults

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz")
MAX_BYTES = 256 * 2**20
_HEAD_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Record:
    place: str
    data: Mapping[str, Any]


def has_records(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(SUFFIXES)


def read_records(path: Path, *, faults: Faults) -> list[Record]:
    """All objects of the file in order; what cannot be read becomes faults."""
    try:
        text = _unpacked(path, limit=MAX_BYTES).decode("utf-8")
    except BadInput as fault:
        faults.found.append(fault)
        return []
    except UnicodeDecodeError as error:
        faults.add(
            f"byte {error.start} is not UTF-8", place=path.name, mend="Save the file as UTF-8."
        )
        return []
    pieces = _list_items(path, text, faults=faults) if _is_list(path) else _lines(path, text)
    records = [r for place, piece in pieces if (r := _record(place, piece, faults=faults))]
    if not records and not faults.found:
        faults.add("the file holds no task", place=path.name, mend="Write one task a line.")
    return records


def first_keys(path: Path) -> frozenset[str]:
    """The keys of the first record, empty when the start of the file is not such a record."""
    if not has_records(path):
        return frozenset()
    try:
        head = _head(path)
    except (OSError, EOFError, zlib.error):
        return frozenset()
    start = head.find("{")
    try:
        record, _ = json.JSONDecoder().raw_decode(head, max(start, 0))
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(record) if isinstance(record, dict) else frozenset()


def write_records(records: Iterable[Mapping[str, Any]], path: Path) -> None:
    """One object a line, gzipped when the name says so (bytes then depend on content only)."""
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    data = lines.encode("utf-8")
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _open(path: Path) -> BinaryIO:
    if path.suffix.lower() == ".gz":
        return cast(BinaryIO, gzip.open(path))
    return path.open("rb")


def _head(path: Path) -> str:
    with _open(path) as stream:
        return stream.read(_HEAD_BYTES).decode("utf-8", errors="replace")


def _unpacked(path: Path, *, limit: int) -> bytes:
    try:
        with _open(path) as stream:
            data = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(
            f"the file cannot be read ({type(error).__name__})",
            place=path.name,
            mend="Fetch it again or mend its access rights.",
        ) from error
    if len(data) > limit:
        raise BadInput(
            f"the file unpacks to more than {limit} bytes",
            place=path.name,
            mend="Split it into several sources.",
        )
    return data


def _is_list(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(".json")


def _lines(path: Path, text: str) -> list[tuple[str, Any]]:
    lines = enumerate(io.StringIO(text), start=1)
    return [(f"{path.name}:{number}", line) for number, line in lines if line.strip()]


def _list_items(path: Path, text: str, *, faults: Faults) -> list[tuple[str, Any]]:
    items = _parsed(text, place=path.name, faults=faults)
    if isinstance(items, list):
        return [(f"{path.name}:[{position}]", item) for position, item in enumerate(items)]
    if items is not None:
        faults.add("the file is not a list", place=path.name, mend="Write a JSON list of objects.")
    return []


def _record(place: str, piece: Any, *, faults: Faults) -> Record | None:
    before = len(faults.found)
    data = _parsed(piece, place=place, faults=faults) if isinstance(piece, str) else piece
    if isinstance(data, dict):
        return Record(place, data)
    if len(faults.found) == before:
        faults.add("this is not a JSON object", place=place, mend="Write one JSON object here.")
    return None


def _parsed(text: str, *, place: str, faults: Faults) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        faults.add(f"not JSON at {where}: {error.msg}", place=place, mend="Mend the JSON.")
    except RecursionError:
        faults.add("the JSON is nested too deep", place=place, mend="Flatten the JSON.")
    return None
