"""One answering for both doors: status, headers, body, gzip, what need not be sent again. Pure."""

from http import HTTPStatus
from typing import NamedTuple

from msgspec import Struct

from app.core.compression import compressed, takes_gzip
from app.core.rates import Pair
from app.profile.request import Headers

NOBODY_SPOKE = b"2"
"""Seconds after which to ask again when no department answered."""
_JSON: Pair = (b"content-type", b"application/json")
_FIXED: tuple[Pair, ...] = (
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Authorization, Accept, Accept-Encoding"),
)


class Encoded(Struct, frozen=True):
    """An answer ready to leave; `answered` is False if no department spoke."""

    body: bytes
    etag: str
    answered: bool


class Answer(NamedTuple):
    """What leaves."""

    status: int
    headers: list[Pair]
    body: bytes


def of_profile(encoded: Encoded, asked: Headers, rates: tuple[Pair, ...]) -> Answer:
    """The answer to a look-up: 304 where the caller holds it already (RFC 9110, 13.1.2), 503 with
    the same body where no department spoke.
    """
    headers = [(b"etag", encoded.etag.encode()), *rates, *_FIXED]
    if encoded.answered and asked.held and _holds(asked.held, encoded.etag):
        return Answer(HTTPStatus.NOT_MODIFIED, headers, b"")
    if encoded.answered:
        return _json(HTTPStatus.OK, headers, encoded.body, asked.gzip)
    headers.append((b"retry-after", NOBODY_SPOKE))
    return _json(HTTPStatus.SERVICE_UNAVAILABLE, headers, encoded.body, asked.gzip)


def of_section(body: bytes, asked: Headers, rates: tuple[Pair, ...]) -> Answer:
    """The answer of one department asked alone."""
    return _json(HTTPStatus.OK, [*rates, *_FIXED], body, asked.gzip)


def of_stream(accept_encoding: str, form: str, rates: tuple[Pair, ...]) -> tuple[list[Pair], bool]:
    """Headers of a stream, and whether it leaves as gzip."""
    gzip = takes_gzip(accept_encoding)
    coding: tuple[Pair, ...] = ((b"content-encoding", b"gzip"),) if gzip else ()
    fixed = (*_FIXED, (b"x-accel-buffering", b"no"))  # a proxy must not hold events back
    return [(b"content-type", form.encode()), *coding, *rates, *fixed], gzip


def _holds(held: str, etag: str) -> bool:
    """Whether one of the tags is ours; compared weakly (RFC 9110, 13.1.2): `W/` counts for
    nothing.
    """
    ours = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") in {ours, "*"} for tag in held.split(","))


def _json(status: int, headers: list[Pair], body: bytes, accept_encoding: str) -> Answer:
    packed = compressed(body) if accept_encoding and takes_gzip(accept_encoding) else None
    if packed is not None:
        body = packed
        headers.append((b"content-encoding", b"gzip"))
    return Answer(status, [_JSON, (b"content-length", b"%d" % len(body)), *headers], body)
