"""Look for a marker everywhere a service of ours could have left it, in every usual disguise.

Example: ``found_in_files(folder, marker)`` reads each file raw and inside gzip, zlib and zstd
streams, and looks for the marker plain, base64 at three offsets, hex, UTF-16 and JSON-escaped.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

ZSTD = b"\x28\xb5\x2f\xfd"
_LINK = re.compile(rb'(?:href|action)="([^"#]+)')


def disguises(marker: str) -> list[bytes]:
    """The byte strings a marker may hide as."""
    raw = marker.encode()
    encoded = [base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3)]
    escaped = "".join(f"\\u{ord(c):04x}" for c in marker).encode()
    wide = [marker.encode(name) for name in ("utf-16-le", "utf-16-be", "utf-32-le")]
    hexes = [raw.hex().encode(), raw.hex().upper().encode()]
    return [raw, *hexes, *wide, escaped, escaped.upper().replace(b"\\U", b"\\u"), *encoded]


def is_in(data: bytes, marker: str) -> bool:
    return any(form in data for form in disguises(marker))


def is_within(data: bytes, marker: str) -> bool:
    """The same, also inside compressed streams."""
    return bool(all_within(data, (marker,)))


def all_within(data: bytes, markers: tuple[str, ...]) -> set[str]:
    """Which of the markers are in it, also inside compressed streams."""
    return {marker for reading in _readings(data) for marker in markers if is_in(reading, marker)}


def found_in_files(folder: Path, marker: str) -> list[str]:
    """Files below ``folder`` that hold the marker."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and is_within(_bytes(path), marker)
    ]


def _bytes(path: Path) -> bytes:
    """Empty for a file that its owner removed a moment ago."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _readings(data: bytes) -> Iterator[bytes]:
    """The bytes, and what compressed streams in them unpack to."""
    yield data
    view = memoryview(data)  # a slice of bytes would be copied for each false start
    for start in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", data):
        opener = zlib.decompressobj(wbits=47)
        try:
            yield opener.decompress(view[start.start() :], 2**22)
        except zlib.error:
            continue
    if shutil.which("zstd"):
        for start in re.finditer(re.escape(ZSTD), data):
            words = ["zstd", "-dcq", "--memory=64MB"]
            unpacked = subprocess.run(words, input=data[start.start() :], capture_output=True)
            yield unpacked.stdout  # what came before an error counts too


class Browser:
    """Fetches pages as one person: anonymous, a provider or an admin."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar)
        )

    def get(self, path: str) -> bytes:
        try:
            with self.opener.open(self.base + path, timeout=60) as answer:
                return bytes(str(answer.headers), "utf-8") + b"\n" + answer.read()
        except urllib.error.HTTPError as refusal:
            return bytes(str(refusal.headers), "utf-8") + b"\n" + refusal.read()

    def log_in(self, path: str, username: str, password: str) -> None:
        self.get(path)
        token = next(c.value for c in self.jar if c.name == "csrftoken")
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token}
        request = urllib.request.Request(
            self.base + path, urllib.parse.urlencode(form).encode(), {"Referer": self.base + path}
        )
        with self.opener.open(request, timeout=60) as answer:
            assert "login" not in answer.url, "the log-in was refused"

    def crawl(self, *starts: str, limit: int) -> dict[str, bytes]:
        """Pages reachable by links from ``starts``, breadth first; never a log-out."""
        pages: dict[str, bytes] = {}
        waiting = list(starts)
        while waiting and len(pages) < limit:
            path = waiting.pop(0)
            if path in pages or "logout" in path or "/delete/" in path or "/static/" in path:
                continue
            pages[path] = self.get(path)
            for link in _LINK.findall(pages[path]):
                target = urllib.parse.urljoin(path, link.decode(errors="replace"))
                if target.startswith("/"):
                    waiting.append(target.replace("&amp;", "&"))
        return pages
