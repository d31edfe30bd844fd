"""The scanner is no blind man: it finds a marker in every disguise and in every wrapping."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.flows.scan import found_in_files, is_in, is_within

MARKER = f"m{secrets.token_hex(15)}"
DISGUISES = {
    "raw": MARKER.encode(),
    "hex": MARKER.encode().hex().encode(),
    "upper hex": MARKER.encode().hex().upper().encode(),
    "UTF-16": MARKER.encode("utf-16"),
    "UTF-16 big": MARKER.encode("utf-16-be"),
    "UTF-32": MARKER.encode("utf-32-le"),
    "escaped": "".join(f"\\u{ord(c):04x}" for c in MARKER).encode(),
    "JSON in JSON": json.dumps(json.dumps({"text": MARKER})).encode(),
    **{
        f"base64 at {shift}": base64.b64encode(b"x" * shift + MARKER.encode() + b"yz")
        for shift in range(4)
    },
    "base64 for URLs": base64.urlsafe_b64encode(b"??" + MARKER.encode()),
}
NOISE = secrets.token_bytes(999)


@pytest.mark.parametrize("name", DISGUISES)
@pytest.mark.parametrize("wrapping", ["plain", "gzip", "zlib", "zstd"])
def test_a_marker_is_found(name: str, wrapping: str, tmp_path: Path) -> None:
    data = NOISE + DISGUISES[name] + NOISE
    if wrapping == "gzip":
        data = b"before" + gzip.compress(data) + b"after"
    elif wrapping == "zlib":
        data = b"before" + zlib.compress(data) + b"after"
    elif wrapping == "zstd":
        if not shutil.which("zstd"):
            pytest.skip("no zstd program: apt-get install zstd")
        packed = subprocess.run(["zstd", "-cq"], input=data, capture_output=True, check=True)
        data = b"before" + packed.stdout + b"after"
    assert is_within(data, MARKER)
    (tmp_path / "file").write_bytes(data)
    assert found_in_files(tmp_path, MARKER) == ["file"]


def test_another_marker_is_not() -> None:
    other = f"m{secrets.token_hex(15)}"
    assert not any(is_in(data, other) for data in DISGUISES.values())
