"""What JSON costs and whether it repeats keys, told from its bytes before and after decoding,
without walking it. Pure.

A decoder keeps the last of two equal keys. Encoding what was decoded again tells: every key has one
colon, texts keep theirs, so fewer colons mean that a key was dropped. Where an escape hides a colon
only a parser can tell, and is asked.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from adapters.contract.errors import AdapterMalformed
from adapters.contract.reading import ODD_DAY
from adapters.contract.sections import encode
from adapters.contract.spelling import shown
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


_SUSPECT = re.compile(
    rb"\xe2\x80[\x8b-\x8f]|\xe2\x81[\xa0-\xa4\xaa-\xaf]|\xef(?:\xbb\xbf|\xbf\xb9|\xbf\xba|\xbf\xbb)"
    rb"|\xef\xbe\xa0|\xf3\xa0[\x80\x81]|\xc2[\x80-\x9f\xad]|\xd8\x9c|\xe1(?:\x85[\x9f\xa0]|\xa0\x8e)"
    rb"|\xe3\x85\xa4|\x7f|\\u00[01][0-9a-f]|\\[bf]"
    rb"|(?:\xcc[\x80-\xbf]|\xcd[\x80-\xaf]|\xd2[\x83-\x89]|\xe1[\xaa\xab\xb7][\x80-\xbf]"
    rb"|\xe2\x83[\x90-\xbf]|\xef\xb8[\xa0-\xaf]){3}"
)


LOOK_TWICE = re.compile(
    b"|".join((rb"\A\{\}\Z", _SUSPECT.pattern, _REORDERS.pattern, ODD_DAY.pattern))
).search
"""Finds in canonical data what the general reading has to look at, also that there is nothing; one
pass for the fast one.
"""


def is_suspect(encoded: bytes) -> bool:
    """Whether canonical data holds signs that nobody sees, or piles of marks."""
    return _SUSPECT.search(encoded) is not None


def without_what_nobody_sees(data: Struct) -> Struct:
    """The same data with texts as they may be shown (`spelling.shown`)."""
    return msgspec.convert(_shown(msgspec.to_builtins(data)), type(data))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        return {name: _shown(item) for name, item in value.items()}
    return value


def check_text(raw: bytes) -> None:
    """Refuse bytes that are not UTF-8, and texts with NUL or half a character."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise AdapterMalformed("encoding", "not valid UTF-8") from error
    if b"\\u0000" in raw and b"\\u0000" in raw.replace(b"\\\\", b"__"):
        raise AdapterMalformed("encoding", "a text holds NUL")
