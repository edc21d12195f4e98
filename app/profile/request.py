"""One reading of a look-up for both doors: parameters, headers, bounds. Pure.

The declared route and the fast path give what came to the same functions, so nobody can tell from a
refusal or a default which door answered. What FastAPI documents of these parameters is generated
from the same table (`PARAMETERS`).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast, get_args
from urllib.parse import parse_qsl

from msgspec import Struct

from adapters.contract.business_id import Unusual
from app.core.errors import Fault, RequestInvalid
from app.tasks.purposes import PROFILE_PURPOSES, PURPOSES

SHORTEST_MS, LONGEST_MS, LONGEST_BATCH_MS, LONGEST_WAIT_MS = 100, 2000, 10_000, 8000
RESERVE_SECONDS = 0.03
"""Kept back from the caller's deadline for deciding, auditing and encoding."""

Form = Literal["application/x-ndjson", "text/event-stream"]
_FORMS: dict[str, Form] = {
    "application/x-ndjson": "application/x-ndjson",
    "text/event-stream": "text/event-stream",
}
_BACKGROUND = ("u=5", "u=6", "u=7")
LONGEST_SITE, LONGEST_TASK, LONGEST_PURPOSE, LONGEST_IDENTIFIER = 64, 36, 40, 80
SITE_PATTERN = r"^[^\x00-\x1f]+$"


class LookUp(Struct, frozen=True):
    """What a caller asks for. `trace_id` has 32 hexadecimal digits."""

    text: str
    purpose: str
    task: str | None
    site: str | None
    summary: bool
    deadline_ms: int
    trace_id: str
    no_cache: bool = False
    """Ask the departments even where a fresh enough answer is kept."""
    unusual: Unusual | None = None
    """Where a code stands that the arithmetic does not know."""


class Parameter(NamedTuple):
    """One thing that a caller may say, and its bounds. `schema` is what a document tells of it."""

    name: str
    place: Literal["query", "header"]
    description: str
    schema: dict[str, Any]
    required: bool = False
    closed: Mapping[str, Any] = MappingProxyType({})
    """What a document tells beyond the bounds: a closed set whose refusal has words of its own."""


def _text(longest: int, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest, **more}


def _purposes() -> str:
    """The purposes in words."""
    return ", ".join(
        name + (" (needs a task)" if PURPOSES[name].needs_task else "") for name in PROFILE_PURPOSES
    )


_QUERY = (
    Parameter(
        "purpose",
        "query",
        _purposes(),
        _text(LONGEST_PURPOSE, minLength=1),
        required=True,
        closed={"enum": list(PROFILE_PURPOSES)},
    ),
    Parameter("task", "query", "your open task for this business", _text(LONGEST_TASK)),
    Parameter(
        "site", "query", "the premises you are at", _text(LONGEST_SITE, pattern=SITE_PATTERN)
    ),
)
UNUSUAL = Parameter(
    "unusual",
    "query",
    "takes a code whose check character does not fit, because it stands so on the licence or in "
    "its scanned code",
    {"type": "string", "enum": list(get_args(Unusual))},
)
VIEW = Parameter(
    "view",
    "query",
    "summary leaves the sections' data out",
    {"type": "string", "enum": ["full", "summary"], "default": "full"},
)
WAIT = Parameter(
    "wait",
    "query",
    "milliseconds to wait for the department",
    {
        "type": "integer",
        "minimum": SHORTEST_MS,
        "maximum": LONGEST_WAIT_MS,
        "default": LONGEST_WAIT_MS,
    },
)
_HEADERS = (
    Parameter(
        "deadline",
        "header",
        f"milliseconds you will wait; taken as {SHORTEST_MS} to {LONGEST_MS}",
        {"type": "integer"},
    ),
    Parameter("if-none-match", "header", "ETags you hold", _text(1000)),
    Parameter("traceparent", "header", "W3C trace context, handed down to departments", _text(100)),
    Parameter(
        "priority",
        "header",
        "u=5 or more marks a look-up that nobody waits for (RFC 9218)",
        _text(100),
    ),
    Parameter("cache-control", "header", "no-cache asks every department again", _text(100)),
    Parameter(
        "accept",
        "header",
        "application/x-ndjson or text/event-stream streams the sections",
        _text(400),
    ),
)
PROFILE = (*_QUERY, UNUSUAL, VIEW, *_HEADERS)
SECTION = (*_QUERY, UNUSUAL, WAIT)
"""What the two routes take; any other query parameter is refused, so that a mistyped `site` is not
silently ignored.
"""
Route = Literal["profile", "section"]
_KNOWN: dict[Route, dict[str, Parameter]] = {
    "profile": {p.name: p for p in (*_QUERY, UNUSUAL, VIEW)},
    "section": {p.name: p for p in (*_QUERY, UNUSUAL, WAIT)},
}
_LONGEST_OF_HEADER = {
    p.name.encode(): p.schema["maxLength"] for p in _HEADERS if "maxLength" in p.schema
}
READ = frozenset({p.name.encode() for p in _HEADERS} | {b"accept-encoding"})
"""Headers that shape an answer."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_SITE = re.compile(SITE_PATTERN)


class Query(Struct, frozen=True):
    """What the query string said."""

    purpose: str
    task: str | None
    site: str | None
    summary: bool
    wait_ms: int
    unusual: Unusual | None = None


class Headers(Struct, frozen=True):
    """What the headers said."""

    deadline_ms: int | None = None
    held: str = ""
    traceparent: str = ""
    background: bool = False
    no_cache: bool = False
    form: Form | None = None
    gzip: str = ""


def clamp_ms(asked: int | None, default: int, longest: int = LONGEST_MS) -> int:
    """The deadline in milliseconds: what was asked for, within what the deployment allows."""
    return max(SHORTEST_MS, min(default if asked is None else asked, longest))


@lru_cache(maxsize=4096)
def read_query(raw: bytes, route: Route = "profile") -> Query:
    """The query string of a look-up; of a repeated parameter the last counts.

    Raises `RequestInvalid` with a fault for each parameter that does not fit.
    """
    known = _KNOWN[route]
    pairs = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))
    faults = [
        fault
        for name in (*known, *(n for n in pairs if n not in known))
        if (fault := _query_fault(known.get(name), name, pairs.get(name))) is not None
    ]
    if faults:
        raise RequestInvalid(faults)
    return Query(
        pairs["purpose"],
        pairs.get("task"),
        pairs.get("site"),
        pairs.get("view") == "summary",
        int(pairs.get("wait", LONGEST_WAIT_MS)),
        cast("Unusual | None", pairs.get("unusual")),
    )


def _query_fault(parameter: Parameter | None, name: str, value: str | None) -> Fault | None:
    pointer = f"/query/{name}"
    if parameter is None:
        return Fault(pointer, "extra_forbidden")
    if value is None:
        return Fault(pointer, "missing") if parameter.required else None
    return _fault(pointer, parameter.schema, value)


def _fault(pointer: str, schema: dict[str, Any], value: str) -> Fault | None:
    """How a value breaks its bounds, if it does."""
    if "enum" in schema:
        allowed = schema["enum"]
        return None if value in allowed else Fault(pointer, "enum", {"expected": allowed})
    if schema["type"] == "integer":
        return _integer_fault(pointer, schema, value)
    if len(value) < schema.get("minLength", 0):
        return Fault(pointer, "string_too_short", {"min_length": schema["minLength"]})
    if len(value) > schema["maxLength"]:
        return Fault(pointer, "string_too_long", {"max_length": schema["maxLength"]})
    if "pattern" in schema and not _SITE.match(value):
        return Fault(pointer, "string_pattern_mismatch", {"pattern": schema["pattern"]})
    return None


def _integer_fault(pointer: str, schema: dict[str, Any], value: str) -> Fault | None:
    if not _INTEGER.fullmatch(value.strip()):
        return Fault(pointer, "int_parsing")
    number = int(value)
    if number < schema.get("minimum", number):
        return Fault(pointer, "greater_than_equal", {"ge": schema["minimum"]})
    if number > schema.get("maximum", number):
        return Fault(pointer, "less_than_equal", {"le": schema["maximum"]})
    return None


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of a look-up; of a repeated one the first counts. Raises `RequestInvalid`."""
    told: dict[bytes, str] = {}
    for name, value in pairs:
        if name in READ and name not in told:
            told[name] = value.decode("latin-1")
    return _headers(tuple(told.items())) if told else _NO_HEADERS


_NO_HEADERS = Headers()


@lru_cache(maxsize=1024)
def _headers(pairs: tuple[tuple[bytes, str], ...]) -> Headers:
    told = dict(pairs)
    faults = [
        Fault(f"/header/{name.decode()}", "string_too_long", {"max_length": longest})
        for name, longest in _LONGEST_OF_HEADER.items()
        if len(told.get(name, "")) > longest
    ]
    asked = told.get(b"deadline")
    if asked is not None and not _INTEGER.fullmatch(asked.strip()):
        faults.append(Fault("/header/deadline", "int_parsing"))
    if faults:
        raise RequestInvalid(faults)
    return Headers(
        None if asked is None else int(asked),
        told.get(b"if-none-match", ""),
        told.get(b"traceparent", ""),
        is_background(told.get(b"priority", "")),
        "no-cache" in told.get(b"cache-control", ""),
        _form_of(told.get(b"accept", "")),
        told.get(b"accept-encoding", ""),
    )


def is_background(priority: str) -> bool:
    """Whether nobody waits for the answer: urgency 5 or more (RFC 9218)."""
    return any(urgency in priority for urgency in _BACKGROUND)


def _form_of(accept: str) -> Form | None:
    """The stream a caller asks for, if any; the first form that is known counts."""
    for part in accept.split(","):
        form = part.partition(";")[0].strip().lower()
        if form == "application/json":
            return None
        if form in _FORMS:
            return _FORMS[form]
    return None


def look_up(text: str, query: Query, headers: Headers, trace_id: str, default_ms: int) -> LookUp:
    """What a caller of the profile asks for."""
    return LookUp(
        text,
        query.purpose,
        query.task,
        query.site,
        query.summary,
        clamp_ms(headers.deadline_ms, default_ms, default_ms),
        trace_id,
        headers.no_cache,
        query.unusual,
    )
