"""The zoo: every named way in which a department misbehaves, and the reason the gateway must give for it.

A behaviour is a script of steps for one question: bytes to write, seconds to wait, CLOSE, RESET. `reason` is None where the
section must come out sound in spite of the behaviour. TLS faults are listeners of their own (`adapters.fakes.tls`).
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Step = bytes | float | Literal["CLOSE", "RESET"]
CLOSE: Literal["CLOSE"] = "CLOSE"
RESET: Literal["RESET"] = "RESET"
FOR_EVER = 3600.0
OTHER_BUSINESS = "91110105MA0YYY014T"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A script for the identifier asked, and the reason code it must lead to."""

    reason: str | None
    script: Callable[[str], Iterable[Step]]


ZOO: dict[str, Behaviour] = {}


def _behaves(reason: str | None) -> Callable[[Callable[[str], Iterable[Step]]], Callable[[str], Iterable[Step]]]:
    """Put a script under its own name."""

    def add(script: Callable[[str], Iterable[Step]]) -> Callable[[str], Iterable[Step]]:
        ZOO[script.__name__.lstrip("_")] = Behaviour(reason, script)
        return script

    return add


def _told(name: str, reason: str | None, make: Callable[[str], bytes]) -> None:
    """A behaviour that is one whole answer."""
    ZOO[name] = Behaviour(reason, lambda asked: [make(asked)])


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a server of its own


def _envelope(asked: str, **changes: Any) -> dict[str, Any]:
    data = {"permits": [], "orders": [], "flags": [{"code": "drill", "text": "年度演练已备案"}]}
    as_of = (_now() - timedelta(hours=1)).isoformat(timespec="seconds")
    return {"business_id": asked, "as_of": as_of, "status": "found", "data": data, **changes}


def _json(asked: str, **changes: Any) -> bytes:
    return json.dumps(_envelope(asked, **changes), ensure_ascii=False, separators=(",", ":")).encode()


def _answer(body: bytes, *more: str, status: str = "200 OK", media_type: str | None = "application/json") -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        *([f"Content-Type: {media_type}"] if media_type else []),
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _head(*lines: str) -> bytes:
    return "\r\n".join(("HTTP/1.1 200 OK", "Content-Type: application/json", *lines)).encode() + b"\r\n\r\n"


# Compression.
_BOMB = gzip.compress(b"\x00" * (64 << 20), 9)
_GZIP, _COMPRESSION = "Content-Encoding: gzip", "compression_refused"
_told("gzip_bomb", _COMPRESSION, lambda _a: _answer(_BOMB, _GZIP))
_told("gzip_ratio", _COMPRESSION, lambda a: _answer(gzip.compress(_json(a, pad=" " * 60_000)), _GZIP))
_told("gzip_cut", _COMPRESSION, lambda a: _answer(gzip.compress(_json(a))[:-9], _GZIP))
_told("gzip_garbage", _COMPRESSION, lambda _a: _answer(b"\x1f\x8bnot gzip at all", _GZIP))
_told("gzip_trailing", _COMPRESSION, lambda a: _answer(gzip.compress(_json(a)) + b"more", _GZIP))
_told("gzip_twice", "encoding", lambda a: _answer(gzip.compress(gzip.compress(_json(a))), _GZIP))
_told("gzip_two_members", _COMPRESSION, lambda a: _answer(gzip.compress(_json(a)) + gzip.compress(b"{}"), _GZIP))
_told("gzip_honest", None, lambda a: _answer(gzip.compress(_json(a)), _GZIP))
_told("deflate", _COMPRESSION, lambda a: _answer(zlib.compress(_json(a)), "Content-Encoding: deflate"))
_told("deflate_bomb", _COMPRESSION, lambda _a: _answer(zlib.compress(b"\x00" * (8 << 20)), "Content-Encoding: deflate"))
_told("brotli", _COMPRESSION, lambda _a: _answer(b"\x0b\x02\x80{}\x03", "Content-Encoding: br"))
_told("zstd", _COMPRESSION, lambda _a: _answer(b"\x28\xb5\x2f\xfd\x04\x00", "Content-Encoding: zstd"))
_told("unknown_coding", _COMPRESSION, lambda a: _answer(_json(a), "Content-Encoding: gzip, gzip"))


# Time.
@_behaves("deadline_exceeded")
def silence(_asked: str) -> Iterable[Step]:
    """Never a byte."""
    return [FOR_EVER]


@_behaves("deadline_exceeded")
def drip(asked: str) -> Iterator[Step]:
    """A byte of an honest answer every now and then."""
    for byte in _answer(_json(asked)):
        yield bytes([byte])
        yield 0.05


@_behaves("deadline_exceeded")
def drip_headers(_asked: str) -> Iterator[Step]:
    """A header now and then, for ever."""
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(60_000):
        yield f"X-{number % 10}: y\r\n".encode()
        yield 0.05


@_behaves("deadline_exceeded")
def stall_in_body(asked: str) -> Iterable[Step]:
    """Half the body, then nothing."""
    whole = _answer(_json(asked))
    return [whole[:-40], FOR_EVER]


@_behaves("deadline_exceeded")
def interim_then_silence(_asked: str) -> Iterable[Step]:
    """100 Continue, then nothing."""
    return [b"HTTP/1.1 100 Continue\r\n\r\n", FOR_EVER]


# Size and framing.
def _endless(head: bytes, piece: bytes) -> Iterator[Step]:
    yield head
    for _ in range(4096):
        yield piece


ZOO["endless_chunked"] = Behaviour(
    "too_large", lambda _a: _endless(_head("Transfer-Encoding: chunked"), b"4000\r\n" + b" " * 0x4000 + b"\r\n")
)
ZOO["endless_until_close"] = Behaviour("too_large", lambda _a: _endless(_head("Connection: close"), b" " * 0x4000))
ZOO["endless_small_chunks"] = Behaviour(
    "too_large", lambda _a: _endless(_head("Transfer-Encoding: chunked"), b"1\r\n \r\n" * 2000)
)
ZOO["endless_headers"] = Behaviour("too_large", lambda _a: _endless(b"HTTP/1.1 200 OK\r\n", b"X-Pad: 0123456789\r\n" * 200))
_told("many_headers", "too_large", lambda a: _answer(_json(a), *(f"X-{n}: y" for n in range(200))))
_told("ten_thousand_headers", "too_large", lambda a: _answer(_json(a), *(f"X-{n}: y" for n in range(10_000))))
_told("huge_header", "too_large", lambda a: _answer(_json(a), "X-Pad: " + "y" * 1_000_000))
_told("large_header", "too_large", lambda a: _answer(_json(a), "X-Pad: " + "y" * 20_000))
_told("equal_headers", "too_large", lambda a: _answer(_json(a), *["X-Same: y"] * 100))
ZOO["equal_headers_in_pieces"] = Behaviour(
    "too_large",
    lambda _a: [b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2300, 0.02, b"A: b\r\n" * 2300 + b"Content-Length: 2\r\n\r\n{}"],
)
_told(
    "two_content_types", "malformed_http", lambda a: _answer(_json(a), "Content-Type: application/json", media_type="text/html")
)
_told(
    "types_in_two_cases", "malformed_http", lambda a: _answer(_json(a), "content-type: application/json", media_type="text/html")
)
_told("blank_lines_first", "malformed_http", lambda a: b"\r\n\r\n" + _answer(_json(a), *["X-Same: y"] * 1000))
_told(
    "trailer_of_a_known_name",
    "malformed_http",
    lambda _a: _head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\nContent-Type: application/json\r\n\r\n",
)
_told("blank_lines_between", "malformed_http", lambda a: b"HTTP/1.1 103 X\r\n\r\n\r\n\r\n" + _answer(_json(a)))
_told("two_codings", "malformed_http", lambda a: _answer(_json(a), "Content-Encoding: gzip", "Content-Encoding: identity"))
_told("promises_ten_gigabytes", "too_large", lambda _a: _head("Content-Length: 10000000000") + b"{}")
_told("large_body", "too_large", lambda a: _answer(_json(a, pad="x" * (1 << 20))))
_CHUNKED = "Transfer-Encoding: chunked"
_told("trailers", "malformed_http", lambda _a: _head(_CHUNKED) + b"2\r\n{}\r\n0\r\nX-More: y\r\nX-Last: z\r\n\r\n")
_told(
    "trailer_flood",
    "malformed_http",
    lambda _a: _head(_CHUNKED) + b"2\r\n{}\r\n0\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(50_000)) + b"\r\n",
)
_told("chunk_size_garbage", "malformed_http", lambda _a: _head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n")
_told("length_negative", "malformed_http", lambda _a: _head("Content-Length: -1") + b"{}")
_told("length_twice", "malformed_http", lambda _a: _head("Content-Length: 2", "Content-Length: 3") + b"{} ")
_told("length_and_chunked", "malformed_http", lambda _a: _head("Content-Length: 2", "Transfer-Encoding: chunked") + b"0\r\n\r\n")
_told("length_too_short", "malformed_http", lambda a: _answer(_json(a)).replace(b"Content-Length: ", b"Content-Length: 1 ", 1))
_told("surplus_bytes", "surplus_answer", lambda a: _answer(_json(a)) + b"and one more thing")
_told("two_answers", "surplus_answer", lambda a: _answer(_json(a)) + _answer(_json(OTHER_BUSINESS)))
_told("not_http", "malformed_http", lambda _a: b"SSH-2.0-OpenSSH_9.2\r\n")
_told("http_0_9", "malformed_http", lambda _a: b"<html>hello</html>")
_told("binary", "malformed_http", lambda _a: bytes(range(256)))
_told("status_garbage", "malformed_http", lambda _a: b"HTTP/1.1 OK 200\r\n\r\n")
_told("header_without_colon", "malformed_http", lambda _a: b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n")
_told("nul_in_header", "malformed_http", lambda a: _answer(_json(a), "X-Nul: a\x00b"))
_told(
    "switching_protocols",
    "malformed_http",
    lambda _a: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nx",
)


@_behaves("malformed_http")
def interim_flood(_asked: str) -> Iterator[Step]:
    """100 Continue, again and again."""
    for _ in range(200):
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 10


@_behaves(None)
def surplus_later(asked: str) -> Iterable[Step]:
    """An honest answer, and a moment later another one that nobody asked for."""
    return [_answer(_json(asked)), 0.02, _answer(_json(OTHER_BUSINESS))]


@_behaves(None)
def keep_alive_that_closes(asked: str) -> Iterable[Step]:
    """Promises to keep the connection and closes it."""
    return [_answer(_json(asked), "Connection: keep-alive"), CLOSE]


@_behaves(None)
def interim_then_answer(asked: str) -> Iterable[Step]:
    """Early hints first, as HTTP allows."""
    return [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", _answer(_json(asked))]


@_behaves(None)
def byte_by_byte(asked: str) -> Iterator[Step]:
    """An honest answer in many small pieces."""
    whole = _answer(_json(asked))
    for start in range(0, len(whole), 7):
        yield whole[start : start + 7]
        yield 0.0005


# Broken off.
_LOST = "connection_lost"
ZOO["close_at_once"] = Behaviour(_LOST, lambda _a: [CLOSE])
ZOO["close_in_status_line"] = Behaviour(_LOST, lambda _a: [b"HTTP/1.1 20", CLOSE])
ZOO["close_in_headers"] = Behaviour(_LOST, lambda _a: [b"HTTP/1.1 200 OK\r\nContent-Type: appl", CLOSE])
ZOO["close_in_body"] = Behaviour(_LOST, lambda a: [_answer(_json(a))[:-30], CLOSE])
ZOO["close_in_chunks"] = Behaviour(_LOST, lambda _a: [_head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n", CLOSE])
ZOO["reset_at_once"] = Behaviour(_LOST, lambda _a: [RESET])
ZOO["reset_in_body"] = Behaviour(_LOST, lambda a: [_answer(_json(a))[:-30], 0.01, RESET])

# Status.
_STATUSES = {
    "301 Moved": "redirect_refused",
    "302 Found": "redirect_refused",
    "307 Temporary": "redirect_refused",
    "308 Permanent": "redirect_refused",
    "401 Unauthorized": "credentials_rejected",
    "403 Forbidden": "credentials_rejected",
    "404 Not Found": "request_refused",
    "418 Teapot": "request_refused",
    "429 Too Many": "upstream_busy",
    "500 Error": "upstream_error",
    "502 Bad Gateway": "upstream_error",
    "503 Unavailable": "upstream_busy",
    "504 Timeout": "upstream_error",
    "599 Odd": "upstream_error",
}


def _page(status: str) -> Callable[[str], bytes]:
    metadata = "Location: http://169.254.169.254/latest/meta-data/"
    return lambda _asked: _answer(b"<html>a page</html>", metadata, status=status, media_type="text/html")


for _status, _reason in _STATUSES.items():
    _told(f"status_{_status[:3]}", _reason, _page(_status))
_told("redirect_to_file", "redirect_refused", lambda _a: _answer(b"", "Location: file:///etc/passwd", status="302 Found"))
_told("partial_content", "schema_violation", lambda a: _answer(_json(a), status="206 Partial Content"))
_told("multiple_choices", "redirect_refused", lambda a: _answer(_json(a), status="300 Multiple Choices"))
_told("not_modified", "redirect_refused", lambda _a: b"HTTP/1.1 304 Not Modified\r\n\r\n")
_told("no_content", "content_type", lambda _a: b"HTTP/1.1 204 No Content\r\n\r\n")
_told("cookies", None, lambda a: _answer(_json(a), "Set-Cookie: spy=1; Domain=.example.org", "Set-Cookie: b=2"))

# Type and text.
_told("html", "content_type", lambda _a: _answer(b"<html>maintenance</html>", media_type="text/html"))
_told("plain_text", "content_type", lambda a: _answer(_json(a), media_type="text/plain"))
_told("no_type", "content_type", lambda a: _answer(_json(a), media_type=None))
_told("invalid_utf8", "encoding", lambda a: _answer(_json(a).replace("年".encode(), b"\xff\xfe", 1)))
_told("utf16", "encoding", lambda a: _answer(_json(a).decode().encode("utf-16")))
_told("overlong_utf8", "encoding", lambda a: _answer(_json(a).replace("年".encode(), b"\xc0\xaf", 1)))
_told("half_a_character", "encoding", lambda a: _answer(_json(a).replace("年".encode(), b"\\ud800", 1)))
_told("nul_in_text", "encoding", lambda a: _answer(_json(a).replace("年".encode(), b"\\u0000", 1)))
_told("right_to_left_name", "deceptive_text", lambda a: _answer(_json(a).replace("年".encode(), "\u202e年".encode(), 1)))
_told("right_to_left_escaped", "deceptive_text", lambda a: _answer(_json(a).replace("年".encode(), b"\\u202e", 1)))

# JSON.
_told("empty_body", "not_parsable", lambda _a: _answer(b""))
_told("cut_json", "not_parsable", lambda a: _answer(_json(a)[:-5]))
_told("trailing_json", "not_parsable", lambda a: _answer(_json(a) + b"{}"))
_told("nan", "not_parsable", lambda a: _answer(_json(a).replace(b'"permits":[]', b'"permits":NaN', 1)))
_told("infinity", "not_parsable", lambda a: _answer(_json(a)[:-1] + b',"x":-Infinity}'))
_told("huge_integer", "not_parsable", lambda a: _answer(_json(a)[:-1] + b',"x":' + b"9" * 5000 + b"}"))
_told("huge_exponent", "schema_violation", lambda a: _answer(_json(a).replace(b'"permits":[]', b'"permits":1e999', 1)))
_told("keys_twice", "duplicate_key", lambda a: _answer(_json(a)[:-1] + b',"status":"not_found"}'))
_told("keys_twice_inside", "duplicate_key", lambda a: _answer(_json(a).replace(b'"orders":[]', b'"orders":[],"orders" :[]', 1)))
_told("keys_twice_escaped", "duplicate_key", lambda a: _answer(_json(a)[:-1] + b',"st\\u0061tus":"found"}'))
_told("keys_twice_hidden", "duplicate_key", lambda a: _answer(_json(a)[:-1] + b',"y":1,"y":2,"z":"\\u003a"}'))
_FULL = {"flags": [{"code": "drill", "text": "年度演练已备案"}]}
"""Data of which nothing is empty: read by the typed decoder without a second look."""
_told("honest", None, lambda a: _answer(_json(a, data=_FULL)))
_told("keys_twice_full", "duplicate_key", lambda a: _answer(_json(a, data=_FULL)[:-1] + b',"status":"found"}'))
_told(
    "keys_twice_balanced",
    "duplicate_key",
    lambda a: _answer(_json(a, data=_FULL).replace("年".encode(), b"\\u003a", 1)[:-1] + b',"status":"found"}'),
)
_told("deep", "too_complex", lambda a: _answer(_json(a)[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"))
_told("deep_objects", "too_complex", lambda a: _answer(_json(a)[:-1] + b',"x":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}"))
_told("many_elements", "too_complex", lambda a: _answer(_json(a)[:-1] + b',"x":[' + b"1," * 400_000 + b"1]}"))
_told("many_keys", "too_complex", lambda a: _answer(_json(a, x={str(n): 0 for n in range(30_000)})))
_told("long_text", "too_complex", lambda a: _answer(_json(a, x="y" * 100_000)))
_told("json_of_another_kind", "wrong_business", lambda _a: _answer(b"[1,2,3]"))
_told("json_null", "wrong_business", lambda _a: _answer(b"null"))
_told("unknown_fields", None, lambda a: _answer(_json(a, x={"y": [1, 2, {"z": None}]}, __proto__={"admin": True})))

# Content.
_told("wrong_business", "wrong_business", lambda _a: _answer(_json(OTHER_BUSINESS)))
_told("no_echo", "wrong_business", lambda _a: _answer(_json("x").replace(b'"business_id":"x",', b"", 1)))
_told("echo_is_a_number", "wrong_business", lambda _a: _answer(_json("x").replace(b'"x"', b"12", 1)))
_told("old_answer_again", "wrong_business", lambda _a: _answer(_json("91330106MA2YYY000X")))
_told("data_is_text", "schema_violation", lambda a: _answer(_json(a, data="none")))
_told("data_is_missing", "schema_violation", lambda a: _answer(_json(a, data=None)))
_told("wrong_types", "schema_violation", lambda a: _answer(_json(a, data={"permits": {"a": 1}})))
_told("from_the_future", "as_of_invalid", lambda a: _answer(_json(a, as_of="2999-01-01T00:00:00Z")))
_told("without_time", "as_of_invalid", lambda a: _answer(_json(a, as_of=None)))
_told("time_is_garbage", "as_of_invalid", lambda a: _answer(_json(a, as_of="soon")))
_told("time_out_of_range", "as_of_invalid", lambda a: _answer(_json(a, as_of=10**30)))
_told("list_entry_broken", "schema_violation", lambda a: _answer(_json(a, data={"flags": [{"text": "no code"}]})))
