"""Behaviours of the wire: compression, time, size, framing, broken connections, statuses."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator

from adapters.fakes.zoo.script import (
    CLOSE,
    FOR_EVER,
    OTHER_BUSINESS,
    RESET,
    ZOO,
    Behaviour,
    Step,
    answer,
    behaves,
    head,
    json_of,
    told,
)

# Compression.
_BOMB = gzip.compress(b"\x00" * (64 << 20), 9)
_GZIP, _COMPRESSION = "Content-Encoding: gzip", "compression_refused"
told("gzip_bomb", _COMPRESSION, lambda _a: answer(_BOMB, _GZIP))
told(
    "gzip_ratio",
    _COMPRESSION,
    lambda a: answer(gzip.compress(json_of(a, pad=" " * (3 << 19))), _GZIP),
)
told("gzip_packs_well", None, lambda a: answer(gzip.compress(json_of(a, pad=" " * 60_000)), _GZIP))
told("gzip_cut", _COMPRESSION, lambda a: answer(gzip.compress(json_of(a))[:-9], _GZIP))
told("gzip_garbage", _COMPRESSION, lambda _a: answer(b"\x1f\x8bnot gzip at all", _GZIP))
told("gzip_trailing", _COMPRESSION, lambda a: answer(gzip.compress(json_of(a)) + b"more", _GZIP))
told("gzip_twice", "encoding", lambda a: answer(gzip.compress(gzip.compress(json_of(a))), _GZIP))
told(
    "gzip_two_members",
    _COMPRESSION,
    lambda a: answer(gzip.compress(json_of(a)) + gzip.compress(b"{}"), _GZIP),
)
told("gzip_honest", None, lambda a: answer(gzip.compress(json_of(a)), _GZIP))
told(
    "deflate",
    _COMPRESSION,
    lambda a: answer(zlib.compress(json_of(a)), "Content-Encoding: deflate"),
)
told(
    "deflate_bomb",
    _COMPRESSION,
    lambda _a: answer(zlib.compress(b"\x00" * (8 << 20)), "Content-Encoding: deflate"),
)
told("brotli", _COMPRESSION, lambda _a: answer(b"\x0b\x02\x80{}\x03", "Content-Encoding: br"))
told("zstd", _COMPRESSION, lambda _a: answer(b"\x28\xb5\x2f\xfd\x04\x00", "Content-Encoding: zstd"))
told("unknown_coding", _COMPRESSION, lambda a: answer(json_of(a), "Content-Encoding: gzip, gzip"))


# Time.
@behaves("deadline_exceeded")
def silence(_asked: str) -> Iterable[Step]:
    """Never a byte."""
    return [FOR_EVER]


@behaves("deadline_exceeded")
def drip(asked: str) -> Iterator[Step]:
    """A byte of an honest answer every now and then."""
    for byte in answer(json_of(asked)):
        yield bytes([byte])
        yield 0.05


@behaves("deadline_exceeded")
def drip_headers(_asked: str) -> Iterator[Step]:
    """A header now and then, for ever."""
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(60_000):
        yield f"X-{number % 10}: y\r\n".encode()
        yield 0.05


@behaves("deadline_exceeded")
def stall_in_body(asked: str) -> Iterable[Step]:
    """Half the body, then nothing."""
    whole = answer(json_of(asked))
    return [whole[:-40], FOR_EVER]


@behaves("deadline_exceeded")
def interim_then_silence(_asked: str) -> Iterable[Step]:
    """100 Continue, then nothing."""
    return [b"HTTP/1.1 100 Continue\r\n\r\n", FOR_EVER]


# Size and framing.
def _endless(head: bytes, piece: bytes) -> Iterator[Step]:
    yield head
    for _ in range(4096):
        yield piece


ZOO["endless_chunked"] = Behaviour(
    "too_large",
    lambda _a: _endless(head("Transfer-Encoding: chunked"), b"4000\r\n" + b" " * 0x4000 + b"\r\n"),
)
ZOO["endless_until_close"] = Behaviour(
    "too_large", lambda _a: _endless(head("Connection: close"), b" " * 0x4000)
)
ZOO["endless_small_chunks"] = Behaviour(
    "too_large", lambda _a: _endless(head("Transfer-Encoding: chunked"), b"1\r\n \r\n" * 2000)
)
ZOO["endless_headers"] = Behaviour(
    "too_large", lambda _a: _endless(b"HTTP/1.1 200 OK\r\n", b"X-Pad: 0123456789\r\n" * 200)
)
told("many_headers", "too_large", lambda a: answer(json_of(a), *(f"X-{n}: y" for n in range(200))))
told(
    "ten_thousand_headers",
    "too_large",
    lambda a: answer(json_of(a), *(f"X-{n}: y" for n in range(10_000))),
)
told("huge_header", "too_large", lambda a: answer(json_of(a), "X-Pad: " + "y" * 1_000_000))
told("large_header", "too_large", lambda a: answer(json_of(a), "X-Pad: " + "y" * 20_000))
told("equal_headers", "too_large", lambda a: answer(json_of(a), *["X-Same: y"] * 100))
ZOO["equal_headers_in_pieces"] = Behaviour(
    "too_large",
    lambda _a: [
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2300,
        0.02,
        b"A: b\r\n" * 2300 + b"Content-Length: 2\r\n\r\n{}",
    ],
)
told(
    "two_content_types",
    "malformed_http",
    lambda a: answer(json_of(a), "Content-Type: application/json", media_type="text/html"),
)
told(
    "types_in_two_cases",
    "malformed_http",
    lambda a: answer(json_of(a), "content-type: application/json", media_type="text/html"),
)
told(
    "blank_lines_first",
    "malformed_http",
    lambda a: b"\r\n\r\n" + answer(json_of(a), *["X-Same: y"] * 1000),
)
told(
    "trailer_of_a_known_name",
    "malformed_http",
    lambda _a: (
        head("Transfer-Encoding: chunked")
        + b"2\r\n{}\r\n0\r\nContent-Type: application/json\r\n\r\n"
    ),
)
told(
    "blank_lines_between",
    "malformed_http",
    lambda a: b"HTTP/1.1 103 X\r\n\r\n\r\n\r\n" + answer(json_of(a)),
)
told(
    "two_codings",
    "malformed_http",
    lambda a: answer(json_of(a), "Content-Encoding: gzip", "Content-Encoding: identity"),
)
told("promises_ten_gigabytes", "too_large", lambda _a: head("Content-Length: 10000000000") + b"{}")
told("large_body", "too_large", lambda a: answer(json_of(a, pad="x" * (1 << 20))))
_CHUNKED = "Transfer-Encoding: chunked"
told(
    "trailers",
    "malformed_http",
    lambda _a: head(_CHUNKED) + b"2\r\n{}\r\n0\r\nX-More: y\r\nX-Last: z\r\n\r\n",
)
told(
    "trailer_flood",
    "malformed_http",
    lambda _a: (
        head(_CHUNKED)
        + b"2\r\n{}\r\n0\r\n"
        + b"".join(b"X%d: y\r\n" % n for n in range(50_000))
        + b"\r\n"
    ),
)
told(
    "chunk_size_garbage",
    "malformed_http",
    lambda _a: head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n",
)
told("length_negative", "malformed_http", lambda _a: head("Content-Length: -1") + b"{}")
told(
    "length_twice",
    "malformed_http",
    lambda _a: head("Content-Length: 2", "Content-Length: 3") + b"{} ",
)
told(
    "length_and_chunked",
    "malformed_http",
    lambda _a: head("Content-Length: 2", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
)
told(
    "length_too_short",
    "malformed_http",
    lambda a: answer(json_of(a)).replace(b"Content-Length: ", b"Content-Length: 1 ", 1),
)
told("surplus_bytes", "surplus_answer", lambda a: answer(json_of(a)) + b"and one more thing")
told(
    "two_answers", "surplus_answer", lambda a: answer(json_of(a)) + answer(json_of(OTHER_BUSINESS))
)
told("not_http", "malformed_http", lambda _a: b"SSH-2.0-OpenSSH_9.2\r\n")
told("http_0_9", "malformed_http", lambda _a: b"<html>hello</html>")
told("binary", "malformed_http", lambda _a: bytes(range(256)))
told("status_garbage", "malformed_http", lambda _a: b"HTTP/1.1 OK 200\r\n\r\n")
told(
    "header_without_colon",
    "malformed_http",
    lambda _a: b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n",
)
told("nul_in_header", "malformed_http", lambda a: answer(json_of(a), "X-Nul: a\x00b"))
told(
    "switching_protocols",
    "malformed_http",
    lambda _a: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nx",
)


@behaves("malformed_http")
def interim_flood(_asked: str) -> Iterator[Step]:
    """100 Continue, again and again."""
    for _ in range(200):
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 10


@behaves(None)
def surplus_later(asked: str) -> Iterable[Step]:
    """An honest answer, and a moment later another one that nobody asked for."""
    return [answer(json_of(asked)), 0.02, answer(json_of(OTHER_BUSINESS))]


@behaves(None)
def keep_alive_that_closes(asked: str) -> Iterable[Step]:
    """Promises to keep the connection and closes it."""
    return [answer(json_of(asked), "Connection: keep-alive"), CLOSE]


@behaves(None)
def interim_then_answer(asked: str) -> Iterable[Step]:
    """Early hints first, as HTTP allows."""
    return [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", answer(json_of(asked))]


@behaves(None)
def byte_by_byte(asked: str) -> Iterator[Step]:
    """An honest answer in many small pieces."""
    whole = answer(json_of(asked))
    for start in range(0, len(whole), 7):
        yield whole[start : start + 7]
        yield 0.0005


# Broken off.
_LOST = "connection_lost"
ZOO["close_at_once"] = Behaviour(_LOST, lambda _a: [CLOSE])
ZOO["close_in_status_line"] = Behaviour(_LOST, lambda _a: [b"HTTP/1.1 20", CLOSE])
ZOO["close_in_headers"] = Behaviour(
    _LOST, lambda _a: [b"HTTP/1.1 200 OK\r\nContent-Type: appl", CLOSE]
)
ZOO["close_in_body"] = Behaviour(_LOST, lambda a: [answer(json_of(a))[:-30], CLOSE])
ZOO["close_in_chunks"] = Behaviour(
    _LOST, lambda _a: [head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n", CLOSE]
)
ZOO["reset_at_once"] = Behaviour(_LOST, lambda _a: [RESET])
ZOO["reset_in_body"] = Behaviour(_LOST, lambda a: [answer(json_of(a))[:-30], 0.01, RESET])

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
    return lambda _asked: answer(
        b"<html>a page</html>", metadata, status=status, media_type="text/html"
    )


for _status, _reason in _STATUSES.items():
    told(f"status_{_status[:3]}", _reason, _page(_status))
told(
    "redirect_to_file",
    "redirect_refused",
    lambda _a: answer(b"", "Location: file:///etc/passwd", status="302 Found"),
)
told(
    "partial_content",
    "schema_violation",
    lambda a: answer(json_of(a), status="206 Partial Content"),
)
told(
    "multiple_choices",
    "redirect_refused",
    lambda a: answer(json_of(a), status="300 Multiple Choices"),
)
told("not_modified", "redirect_refused", lambda _a: b"HTTP/1.1 304 Not Modified\r\n\r\n")
told("no_content", "schema_violation", lambda _a: b"HTTP/1.1 204 No Content\r\n\r\n")
told(
    "cookies",
    None,
    lambda a: answer(json_of(a), "Set-Cookie: spy=1; Domain=.example.org", "Set-Cookie: b=2"),
)
