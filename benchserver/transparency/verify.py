#!/usr/bin/env python3
"""Check a benchmark's published log on your own machine, trusting nobody's server.

    python verify.py bundle.json            (a file, a folder with bundle.json, or an https URL)
    python verify.py bundle.json --key 'bench.example/results+98d21115+ARGx...'
    python verify.py bundle.json --since checkpoint-of-last-month.txt

It checks that the checkpoint is signed and covers exactly these entries, that earlier checkpoints
are prefixes of it, that tasks were committed before runs and outcomes before scores, that the
snapshots form one chain, and that every revealed task is the one promised. Exit status: 0 all
holds, 1 something does not, 2 the input cannot be read. Formats: RFC 6962, RFC 8785 without
floats, C2SP signed-note and tlog-checkpoint.

It needs Python's standard library and ``cryptography`` only. It repeats some of its package on
purpose, so that somebody who trusts none of the rest can read, copy and run it; a property test
holds the two versions together.
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Bad(Exception):
    """A check that fails; the text says which rule is broken, never what a task holds."""


class Check(NamedTuple):
    ok: bool
    what: str
    detail: str = ""


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


# canonical JSON (RFC 8785, no floats)
def canonical(value: Any) -> bytes:
    try:
        return _spell(value).encode("utf-8")
    except (UnicodeEncodeError, RecursionError):
        raise Bad("a value has no canonical form") from None


def _spell(value: Any) -> str:
    if isinstance(value, (bool, str)) or value is None:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int) and abs(value) < 2**53:
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_spell, value)) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{_spell(key)}:{_spell(value[key])}" for key in keys) + "}"
    raise Bad("a value has no canonical form")


def parse_json(data: bytes) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise Bad("an object names a key twice")
        return dict(pairs)

    def odd(_: str) -> Any:
        raise Bad("a number is not a whole one")

    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=unique, parse_float=odd, parse_constant=odd)
    except (ValueError, RecursionError):
        raise Bad("this is no strict JSON") from None
    canonical(value)
    return value


@functools.cache  # several checks read each entry
def parse_entry(data: bytes) -> dict[str, Any]:
    value = parse_json(data)
    if not isinstance(value, dict) or canonical(value) != data:
        raise Bad("an entry is not a canonical JSON object")
    return value


# tree (RFC 6962)
def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def prefix_roots(leaves: list[bytes], sizes: set[int]) -> dict[int, bytes]:
    """The root after each wanted number of leaves, in one pass."""
    stack: list[tuple[int, bytes]] = []
    roots = {0: _fold(stack)}
    for count, leaf in enumerate(leaves, 1):
        stack.append((1, leaf))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (size, right), (_, left) = stack.pop(), stack.pop()
            stack.append((2 * size, node_hash(left, right)))
        if count in sizes:
            roots[count] = _fold(stack)
    return {size: root for size, root in roots.items() if size in sizes}


def _fold(stack: list[tuple[int, bytes]]) -> bytes:
    if not stack:
        return hashlib.sha256(b"").digest()
    root = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        root = node_hash(left, root)
    return root


def tree_root(entries: list[bytes]) -> bytes:
    leaves = [leaf_hash(entry) for entry in entries]
    return prefix_roots(leaves, {len(leaves)})[len(leaves)]


# signed notes (C2SP)
def unbase64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Bad("this is no base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Bad("this base64 is not in its one spelling")
    return raw


def read_key(text: str) -> tuple[str, bytes, bytes]:
    """(name, key id, public key) of ``name+id+base64``."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or not parts[0] or any(c.isspace() for c in parts[0]):
        raise Bad("a verifier key is name+id+base64")
    raw = unbase64(parts[2])
    key_id = hashlib.sha256(parts[0].encode() + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[0] != 1 or key_id.hex() != parts[1]:
        raise Bad("the verifier key is not a well-formed Ed25519 key")
    return parts[0], key_id, raw[1:]


def open_checkpoint(note: str, key: str) -> Checkpoint:
    """The checkpoint in a note, once this key signed it."""
    name, key_id, public = read_key(key)
    body, separator, block = note.rpartition("\n\n")
    if not separator or not block.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise Bad("the checkpoint is no signed note")
    text, signed = body + "\n", 0
    for line in block[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        raw = unbase64(encoded)
        if dash != "\u2014" or not signer or "+" in signer or len(raw) < 5:
            raise Bad("a signature line is malformed")
        if (signer, raw[:4]) == (name, key_id):
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text.encode())
            except (InvalidSignature, ValueError):
                raise Bad("the checkpoint's signature is false") from None
            signed += 1
    if not signed:
        raise Bad("the checkpoint is not signed by the log's key")
    return _read_checkpoint(text, name)


def _read_checkpoint(text: str, name: str) -> Checkpoint:
    lines = text.split("\n")
    plain = len(lines) == 4 and lines[1].isascii() and lines[1].isdigit() and len(lines[1]) <= 16
    if not plain or str(int(lines[1])) != lines[1] or len(unbase64(lines[2])) != 32:
        raise Bad("the checkpoint is malformed")
    if lines[0] != name:
        raise Bad("the checkpoint belongs to another log")
    return Checkpoint(name, int(lines[1]), unbase64(lines[2]))


# commitments and order
def task_commitment(salt: bytes, payload: Any) -> bytes:
    inner = hashlib.sha256(canonical(payload)).digest()
    return hashlib.sha256(b"pbs-task-commit-v1\n" + salt + inner).digest()


def check_order(entries: list[bytes]) -> list[str]:
    """Faults of order: rotation-commit, run-start, run-commit, snapshot, in one chain."""
    rotations, voided = set[str](), set[str]()
    started, committed = dict[str, tuple[str, str]](), dict[str, str]()
    chain, faults = ["0" * 64], list[str]()
    for index, raw in enumerate(entries):
        entry = parse_entry(raw)
        kind, rules = entry["t"], list[tuple[bool, str]]()
        if kind == "rotation-commit":
            rules = [(entry["r"] not in rotations, "rotation committed twice")]
            rotations.add(entry["r"])
        elif kind == "run-start":
            rules = [(entry["run"] not in started, "run started twice")]
            rules += [(entry["r"] in rotations, "run started before its rotation was committed")]
            started.setdefault(entry["run"], (entry["r"], entry["model"]))
        elif kind == "run-commit":
            same = started.get(entry["run"]) == (entry["r"], entry["model"])
            rules = [(entry["run"] not in committed, "run committed twice")]
            rules += [(same, "run committed without its start")]
            committed.setdefault(entry["run"], entry["root"])
        elif kind == "void":
            rules = [(entry["run"] in started, "void of a run that never started")]
            voided.add(entry["run"])
        elif kind == "correction":
            known = entry["ref_seq"] in range(len(chain) - 1)
            rules = [(known, "correction of an unknown snapshot")]
        elif kind == "outcome-correction":
            rules = [(entry["run"] in committed, "correction of a run that committed no outcomes")]
        elif kind in ("rotation-reveal", "form-withdrawal"):
            rules = [(entry["r"] in rotations, f"{kind.partition('-')[2]} of an unknown rotation")]
        elif kind == "snapshot":
            follows = (entry["prev"], entry["seq"]) == (chain[-1], len(chain) - 1)
            rules = [(follows, "snapshot does not follow the one before")]
            chain.append(hashlib.sha256(raw).hexdigest())
            rules += [rule for row in entry["rows"] for rule in _row_rules(row, committed, voided)]
        faults += [f"entry {index}: {fault}" for holds, fault in rules if not holds][:1]
    return faults


def _row_rules(
    row: dict[str, Any], committed: dict[str, str], voided: set[str]
) -> list[tuple[bool, str]]:
    root = committed.get(row["run"], "")
    named = row.get("outcomes_root", root)
    return [
        (bool(root), "snapshot shows a run before its outcomes were committed"),
        (row["run"] not in voided, "snapshot shows a void run"),
        (named == root, "snapshot names other outcomes than its run committed"),
    ]


# the bundle
def verify_bundle(bundle: dict[str, Any], *, key: str = "", since: str = "") -> list[Check]:
    """All checks, in order. ``key``: the log's key as you know it; ``since``: a note you kept."""
    checks: list[Check] = []

    def run(what: str, check: Any, *arguments: Any) -> Any:
        try:
            value = check(*arguments)
        except Bad as bad:
            checks.append(Check(False, what, str(bad)))
        except (KeyError, TypeError, AttributeError, ValueError, IndexError):
            checks.append(Check(False, what, "a field is missing or of the wrong kind"))
        else:
            checks.append(Check(True, what, value if isinstance(value, str) else ""))
            return value
        return None

    trusted = key or bundle.get("verifier_key", "")
    run("key", _check_key, bundle, key)
    checkpoint = run("checkpoint is signed", open_checkpoint, bundle.get("checkpoint"), trusted)
    entries = run("entries are readable", lambda: [unbase64(e) for e in bundle["entries"]])
    if checkpoint is None or entries is None:
        return checks
    leaves = [leaf_hash(entry) for entry in entries]
    run("entries are the ones signed", _check_entries, leaves, checkpoint)
    run("log only grew", _check_growth, bundle, since, leaves, trusted)
    run("order of commitments", _check_log_order, entries)
    run("snapshots are the logged ones", _check_snapshots, bundle, entries)
    run("task commitments", _check_trees, bundle, entries, "pools", "r", "rotation-commit")
    run("outcome commitments", _check_trees, bundle, entries, "outcomes", "run", "run-commit")
    run("reveals", _check_reveals, bundle, entries)
    return checks


def _check_key(bundle: dict[str, Any], key: str) -> str:
    name = read_key(key or bundle["verifier_key"])[0]
    if bundle["origin"] != name:
        raise Bad("the bundle names another log than the key")
    return f"given: {name}" if key else "the bundle's own: compare it with the one you know"


def _check_entries(leaves: list[bytes], checkpoint: Checkpoint) -> str:
    if len(leaves) != checkpoint.size:
        raise Bad(f"{len(leaves)} entries, but {checkpoint.size} are signed")
    if prefix_roots(leaves, {checkpoint.size})[checkpoint.size] != checkpoint.root:
        raise Bad("the entries do not give the signed root")
    return f"{checkpoint.size} entries of {checkpoint.origin}"


def _check_growth(bundle: dict[str, Any], since: str, leaves: list[bytes], key: str) -> str:
    notes = [*bundle.get("checkpoints", []), *([since] if since else [])]
    earlier = [open_checkpoint(note, key) for note in notes]
    roots = prefix_roots(leaves, {old.size for old in earlier})
    for old in earlier:
        if roots.get(old.size) != old.root:
            raise Bad(f"the checkpoint of size {old.size} is no prefix of the log")
    return f"{len(earlier)} earlier checkpoints"


def _check_log_order(entries: list[bytes]) -> str:
    faults = check_order(entries)
    if faults:
        raise Bad("; ".join(faults[:5]))
    return ""


def _check_snapshots(bundle: dict[str, Any], entries: list[bytes]) -> str:
    logged = [e for e in map(parse_entry, entries) if e.get("t") == "snapshot"]
    if bundle["snapshots"] != logged:
        raise Bad("the bundle's snapshots differ from the logged ones")
    return f"{len(logged)} snapshots"


def _check_trees(
    bundle: dict[str, Any], entries: list[bytes], part: str, name: str, kind: str
) -> str:
    logged = {e[name]: e for e in map(parse_entry, entries) if e.get("t") == kind}
    for tree in bundle.get(part, []):
        leaves = [unbase64(leaf) for leaf in tree["leaves"]]
        entry = logged.get(tree[name])
        if entry is None or len(leaves) != entry["n"] or tree_root(leaves).hex() != entry["root"]:
            raise Bad(f"the leaves of {tree[name]} are not the committed ones")
    return f"{len(bundle.get(part, []))} trees shown of {len(logged)} committed"


def _check_reveals(bundle: dict[str, Any], entries: list[bytes]) -> str:
    said = [e for e in map(parse_entry, entries) if e.get("t") == "rotation-reveal"]
    logged = {(e["r"], e["reveal_sha256"]) for e in said}
    pools = {tree["r"]: tree["leaves"] for tree in bundle.get("pools", [])}
    opened = total = 0
    for reveal in bundle.get("reveals", []):
        rotation, digest = reveal["r"], hashlib.sha256(canonical(reveal)).hexdigest()
        if (rotation, digest) not in logged:
            raise Bad(f"the reveal of {rotation} is not the logged one")
        leaves = pools.get(rotation, [])
        if len({task["i"] for task in reveal["tasks"]}) != len(reveal["tasks"]):
            raise Bad(f"the reveal of {rotation} opens a task twice")
        for task in reveal["tasks"]:
            _check_task(task, rotation, leaves)
        opened, total = opened + len(reveal["tasks"]), total + len(leaves)
    shown = f"{len(bundle.get('reveals', []))} of {len(logged)} logged reveals shown"
    return f"{shown}, {opened} of their {total} tasks opened"


def _check_task(task: dict[str, Any], rotation: str, leaves: list[str]) -> None:
    index, salt = task["i"], bytes.fromhex(task["salt"])
    if not 0 <= index < len(leaves) or len(salt) != 32:
        raise Bad(f"the reveal of {rotation} has no leaf or salt for a task")
    promised = {"i": index, "r": rotation, "t": "task-commit", "v": 1}
    promised["c"] = task_commitment(salt, task["payload"]).hex()
    if unbase64(leaves[index]) != canonical(promised):
        raise Bad(f"task {index} of {rotation} is not the one committed")


# command line
def load(place: str) -> dict[str, Any]:
    if place.startswith(("https://", "http://")):
        with urllib.request.urlopen(place, timeout=60) as answer:
            data = answer.read()
    else:
        data = Path(place, "bundle.json" if Path(place).is_dir() else "").read_bytes()
    bundle = parse_json(data)
    if not isinstance(bundle, dict):
        raise Bad("a bundle is a JSON object")
    return bundle


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check a published benchmark log.")
    parser.add_argument("place", help="bundle file, folder with bundle.json, or URL")
    parser.add_argument("--key", default="", help="the log's verifier key as you know it")
    parser.add_argument("--since", default="", help="file with a signed checkpoint you kept")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    try:
        since = Path(options.since).read_text(encoding="utf-8") if options.since else ""
        checks = verify_bundle(load(options.place), key=options.key, since=since)
    except (OSError, ValueError, Bad) as problem:
        print(f"cannot read {options.place}: {problem}", file=sys.stderr)
        return 2
    sound = all(check.ok for check in checks)
    if options.json:
        print(json.dumps({"ok": sound, "checks": [check._asdict() for check in checks]}))
    else:
        for check in checks:
            print(f"{'ok ' if check.ok else 'BAD'}  {check.what}: {check.detail}".rstrip(": "))
        print("everything holds" if sound else "SOMETHING DOES NOT HOLD")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
