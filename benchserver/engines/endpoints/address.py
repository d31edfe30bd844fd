"""Which URL may be called: one strict parser, one address policy, no second opinion.

The parsed ``Address`` is exactly what the transport connects to, so no other parser can read the
text differently. Example: ``https://api.example.com/v1`` passes; ``https://10.0.0.1/``,
``http://api.example.com/`` and ``https://api.example.com\\@127.0.0.1/`` are refused while
parsing, and a name whose answers hold one inside address is refused after the lookup.

Refused texts never appear in the exception: a URL may carry a password.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import unquote_to_bytes

import idna

from benchserver.core.errors import BadInput

MAX_URL = 2048
MAX_ADDRESSES = 16
PORTS = (443, 8443)

# IANA special-purpose registries plus one cloud platform address that is formally public.
_DENIED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32"),
        *("169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24"),
        *("192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
_ALLOWED_V6 = ipaddress.IPv6Network("2000::/3")  # drops mapped, NAT64, ULA, link-local at once
_DENIED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_DENIED_SUFFIXES = (
    *("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "arpa"),
    *("onion", "test", "invalid", "example", "alt", "cluster.local"),
)

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\[\]/?#@\\]*\]|[^\[\]/?#@:\\]*)(?P<port>:[^/?#@\\]*)?"
    r"(?P<path>/[^?#\\]*)?(?P<query>\?[^#\\]*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Stage(StrEnum):
    """Where a call was stopped."""

    PARSE = "parse"
    POLICY = "policy"
    RESOLVE = "resolve"


class AddressRefused(BadInput):
    """The URL or what it resolves to may not be called; says why without repeating the URL."""

    def __init__(self, problem: str, *, stage: Stage, mend: str = "Use a public https URL"):
        self.stage = stage
        super().__init__(problem, place="base_url", mend=mend, code="address_refused")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL after the parser: ``host`` is a lower-case A-label name or a listed local literal."""

    scheme: str
    host: str
    port: int
    path: str
    query: str
    local: bool

    @property
    def target(self) -> str:
        """The request target: path and query."""
        return (self.path or "/") + (f"?{self.query}" if self.query else "")

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        usual = 443 if self.scheme == "https" else 80
        return self.host if self.port == usual else f"{self.host}:{self.port}"

    def below(self, suffix: str) -> Address:
        """``suffix`` (``/chat/completions``) under the path, unless it is there already."""
        path = self.path.rstrip("/")
        return replace(self, path=path if path.endswith(suffix) else path + suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Rules 1-4 and 10 of the research note on hostile answers.

    ``allow_local``: exact ``host:port`` texts (``127.0.0.1:8009``, ``localhost:8009``) that
    development may call, with http or https, as long as they are loopback; without force when
    ``production``. ``own_hosts`` and ``own_addresses``: this service itself, never called.
    """

    allow_local: frozenset[str] = frozenset()
    production: bool = False
    own_hosts: frozenset[str] = frozenset()
    own_addresses: frozenset[str] = frozenset()

    def parse(self, url: str) -> Address:
        """The one reading of ``url``. Raises ``AddressRefused`` (stage parse or policy)."""
        match = _split(url)
        host = _ascii_host(match["host"])
        port = _port(match["port"], match["scheme"].lower())
        address = Address(
            scheme=match["scheme"].lower(),
            host=host,
            port=port,
            path=_checked_path(match["path"] or ""),
            query=_checked_path(match["query"] or "").removeprefix("?"),
            local=not self.production and f"{host}:{port}" in self.allow_local,
        )
        if not address.local:
            _check_public(address)
            self._check_name(host)
        return address

    def admit(self, address: Address, answers: Sequence[str]) -> tuple[str, ...]:
        """The addresses to connect to, in order: all of ``answers``, or ``AddressRefused``."""
        if not 0 < len(answers) <= MAX_ADDRESSES:
            raise _refused("the name has no address or too many", Stage.RESOLVE)
        parsed = [_ip(text) for text in answers]
        for ip in parsed:
            fine = ip.is_loopback if address.local else is_public(ip)
            if not fine or (not address.local and str(ip) in self.own_addresses):
                raise _refused("the name leads to an address inside", Stage.RESOLVE)
        return tuple(str(ip) for ip in parsed)

    def _check_name(self, host: str) -> None:
        if "." not in host:
            raise _refused("a host name needs a dot", Stage.POLICY)
        if any(host == suffix or host.endswith("." + suffix) for suffix in _DENIED_SUFFIXES):
            raise _refused("the host name is reserved for inside use", Stage.POLICY)
        if host in self.own_hosts:
            raise _refused("the host is this service itself", Stage.POLICY)


def is_public(ip: IPAddress) -> bool:
    """Whether an address lies outside: ``ipaddress.is_global`` alone lets NAT64 and others by."""
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _DENIED_V4)
    inside = ip.scope_id is not None or ip not in _ALLOWED_V6
    return not inside and not any(ip in network for network in _DENIED_V6)


def _refused(problem: str, stage: Stage = Stage.PARSE) -> AddressRefused:
    return AddressRefused(problem, stage=stage)


def _split(url: str) -> re.Match[str]:
    if len(url) > MAX_URL:
        raise _refused(f"the URL is longer than {MAX_URL} characters")
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        raise _refused("the URL holds a blank or a control character")
    match = _URL.fullmatch(url)
    if match is None:
        raise _refused("not a plain http(s) URL: user names, fragments and backslashes are refused")
    return match


def _ascii_host(text: str) -> str:
    """Lower-case A-labels. Raises for everything that is not a host name or a [v6] literal."""
    if text.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(text[1:-1])}]"
        except ValueError:
            raise _refused("the host in brackets is no address") from None
    host = text.lower()
    if not host.isascii():
        try:
            host = idna.encode(host).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            raise _refused("the host name is not valid in IDNA 2008") from None
    if len(host) > 253 or not host:
        raise _refused("the host name is empty or too long")
    trailing = host.removesuffix(".")
    if not all(_LABEL.fullmatch(label) for label in trailing.split(".")):
        raise _refused("the host is not a host name")
    return host


def _port(text: str | None, scheme: str) -> int:
    if text is None:
        return 443 if scheme == "https" else 80
    if not re.fullmatch(r":[1-9][0-9]{0,4}", text) or int(text[1:]) > 65535:
        raise _refused("the port is not a number from 1 to 65535")
    return int(text[1:])


def _checked_path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise _refused("the path holds a character that must be percent-encoded")
    plain = unquote_to_bytes(text)
    if any(byte < 0x20 or byte in (0x5C, 0x7F) for byte in plain):
        raise _refused("the path holds an encoded control character or backslash")
    if any(segment in (b".", b"..") for segment in plain.partition(b"?")[0].split(b"/")):
        raise _refused("the path holds dot segments")
    return text


def _check_public(address: Address) -> None:
    if address.scheme != "https":
        raise _refused("only https is called: plain http shows task and key to the network")
    if address.port not in PORTS:
        raise _refused("only ports 443 and 8443 are called")
    if address.host.startswith("[") or _NUMBER.fullmatch(_last_label(address.host)):
        raise _refused("an address instead of a name: no certificate could be checked")
    if address.host.endswith("."):
        raise _refused("the host name ends with a dot", Stage.POLICY)


def _last_label(host: str) -> str:
    return host.removesuffix(".").rsplit(".", 1)[-1]


def _ip(text: str) -> IPAddress:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise _refused("the lookup gave something that is no address", Stage.RESOLVE) from None
