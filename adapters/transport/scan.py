"""What JSON costs and whether it repeats keys, told from its bytes before and after decoding,
without walking it. Pure.

A decoder keeps the last of two equal keys. Encoding what was decoded again tells: every key has one
colon, texts keep theirs, so fewer colons mean that a key was dropped. Where an escape hides a colon
only a parser can tell, and is asked.
"""

import re
from collections.abc import Iterable

from adapters.contract.errors import AdapterMalformed
from adapters.contract.sections import encode
from adapters.transport.guard import Limits

_REORDERS = re.compile(rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_BRACKETS = re.compile(rb"[\[\]{}]")
_TEXTS_AND_BRACKETS = re.compile(rb'"[^"]*"?|[\[\]{}]')
_BEGINNING = 4096
_OPEN, _SHUT = b"[{", b"]}"
_HIDDEN_COLON = (b"\\u003a", b"\\u003A")


def check_cost(raw: bytes, limits: Limits) -> None:
    """Refuse, before decoding, what is nested too deep or has too many parts or too long a text.
    Exact, and cheap when small.
    """
    # Every part takes at least one byte and a separator.
    if (
        len(raw) <= min(limits.string, 2 * limits.nodes)
        and raw.count(b"[") + raw.count(b"{") <= limits.depth
    ):
        return
    plain = without_escapes(raw)
    _check_depth(
        _TEXTS_AND_BRACKETS.finditer(plain, 0, _BEGINNING), limits
    )  # nearly all deep ones are told here
    if plain.count(b'"') > 2 * limits.nodes:
        raise AdapterMalformed("too_complex", "too many texts")
    parts = plain.split(b'"')
    if max(map(len, parts[1::2]), default=0) > limits.string:
        raise AdapterMalformed("too_complex", "a text is longer than allowed")
    frame = b"".join(parts[::2])
    nodes = frame.count(b",") + frame.count(b":") + frame.count(b"[") + frame.count(b"{") + 1
    if nodes > limits.nodes:
        raise AdapterMalformed("too_complex", f"{nodes} parts")
    _check_depth(_BRACKETS.finditer(frame), limits)


def _check_depth(found: Iterable[re.Match[bytes]], limits: Limits) -> None:
    """One by one: a deep document is told by its first brackets."""
    depth = 0
    for match in found:
        sign = match[0][0]
        if sign in _OPEN:
            depth += 1
        elif sign in _SHUT:
            depth -= 1
        if depth > limits.depth:
            raise AdapterMalformed("too_complex", f"more than {limits.depth} levels")


def without_escapes(raw: bytes) -> bytes:
    """The same length with escaped backslashes and quotes blanked, so that every quote left bounds
    a text.
    """
    return raw.replace(b"\\\\", b"__").replace(b'\\"', b"__") if b"\\" in raw else raw


def colons_in(raw: bytes) -> int | None:
    """How many colons JSON bytes hold; None where an escape hides one, so that only a parser can
    tell.
    """
    if b"\\" in raw and any(escape in raw for escape in _HIDDEN_COLON):
        return None
    return raw.count(b":")


def repeats_keys(raw: bytes, decoded: object) -> bool | None:
    """Whether an object of `raw` names a key twice, given everything that was decoded from it; None
    if only a parser can tell.
    """
    told = colons_in(raw)
    return None if told is None else told != encode(decoded).count(b":")


def check_display(encoded: bytes) -> None:
    """Refuse canonical data whose texts would show in another order than they are written
    (bidirectional overrides).
    """
    if b"\xe2" in encoded and _REORDERS.search(encoded):
        raise AdapterMalformed("deceptive_text")


def check_text(raw: bytes) -> None:
    """Refuse bytes that are not UTF-8, and texts with NUL or half a character."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise AdapterMalformed("encoding", "not valid UTF-8") from error
    if b"\\u0000" in raw and b"\\u0000" in raw.replace(b"\\\\", b"__"):
        raise AdapterMalformed("encoding", "a text holds NUL")
