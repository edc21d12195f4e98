"""What is wrong with the head of a request (RFC 9112, 3 and 5 to 7; RFC 9110, 7.2). Pure.

The parser (llhttp, strict) refuses what is malformed byte by byte: bare CR and LF, folded lines,
blanks before a colon, two lengths, a length beside a coding, sizes of chunks that are none. What it
lets pass is looked at here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

LATEST = "1.1"
_HOST = re.compile(rb"(?:[0-9A-Za-z._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_START = re.compile(rb"(?:\r?\n)*[!-~]+ [!-~]+ HTTP/[0-9]\.[0-9]\r")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may take up: bytes, counts and seconds."""

    head_bytes: int = 32 << 10
    fields: int = 64
    target_bytes: int = 8 << 10
    framing_bytes: int = 32 << 10
    """Sizes and extensions of chunks, and trailers; an eighth of the body is allowed beside it."""
    pipelined: int = 16
    """Requests that may wait for the answer to the one before."""
    first_seconds: float = 5.0
    head_seconds: float = 8.0
    idle_seconds: float = 75.0
    write_seconds: float = 8.0
    """How long a reader may leave what was written unread; whoever reads some of it has as long
    again.
    """
    read_bytes_per_second: int = 8 << 10
    """What a slow reader is trusted to read of what is left when nothing more will come."""
    linger_seconds: float = 1.0
    """How long a refusal may be read before the connection ends."""


class Refusal(NamedTuple):
    """Why a head is refused: the problem's code, and a sentence about this one."""

    code: str
    detail: str = ""


def start_line_fault(data: bytes) -> Refusal | None:
    """What is wrong with the first line, where it has come whole: exactly one blank stands on
    either side of a target that holds none (RFC 9112, 3).
    """
    if _START.match(data) or b"\n" not in data.lstrip(b"\r\n"):
        return None
    return Refusal("request.bad_request", "The request line is malformed.")


def fault_of(
    method: bytes,
    version: str,
    target: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    bounds: Bounds,
) -> Refusal | None:
    """What is wrong with a head; `headers` have names in lower case."""
    if len(target) > bounds.target_bytes:
        return Refusal(
            "request.target_too_long", f"An address has at most {bounds.target_bytes} bytes."
        )
    if version not in {"1.0", LATEST}:
        return Refusal("request.version_unknown")
    if b"#" in target or method == b"CONNECT" or (target == b"*" and method != b"OPTIONS"):
        return Refusal("request.bad_request", "The request target is malformed.")
    hosts, codings = [], []
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"transfer-encoding":
            codings.append(value)
    return _host_fault(hosts, version) or _coding_fault(codings, version)


def origin_form(target: bytes) -> bytes:
    """Target of a request to a proxy, or about the whole server, as a path (RFC 9112, 3.2)."""
    if target.startswith(b"/"):
        return target
    _, marked, rest = target.partition(b"://")
    if not marked:
        return b"/" + target
    at = min((i for i in (rest.find(b"/"), rest.find(b"?")) if i >= 0), default=len(rest))
    path = rest[at:]
    return path if path.startswith(b"/") else b"/" + path


def _host_fault(hosts: list[bytes], version: str) -> Refusal | None:
    if len(hosts) > 1 or (not hosts and version == LATEST):
        return Refusal("request.bad_request", "A request has exactly one Host.")
    if hosts and not _HOST.fullmatch(hosts[0]):
        return Refusal("request.bad_request", "Host is malformed.")
    return None


def _coding_fault(codings: list[bytes], version: str) -> Refusal | None:
    if not codings:
        return None
    if version != LATEST:
        return Refusal("request.bad_request", "HTTP/1.0 knows no transfer coding.")
    if codings[0].strip().lower() != b"chunked":
        return Refusal("request.coding_unknown")
    return None
