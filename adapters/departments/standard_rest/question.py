"""The bytes of a question, compiled once from the manifest: only what differs between questions is
filled in, escaped for its place. Pure.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

import msgspec

from adapters.contract.errors import AdapterUnavailable
from adapters.contract.manifest import RequestSpec
from adapters.transport.heads import RoutedQuery, field_lines, head_of

_JSON, _FORM, _XML, _PLAIN = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/xml",
    "text/plain",
)
_MOST_ENTRIES, _LONGEST_QUESTION = 64, 16 << 10
_QUOTES = {'"': "&quot;", "'": "&apos;"}
Escape = Callable[[str], str]


def fill(template: Any, values: dict[str, str], escaped: Escape = str) -> Any:
    """Replace `{name}` in texts of a template, however nested; values are escaped for their
    place.
    """
    if isinstance(template, str):
        parts = template.split("{")
        filled = [parts[0]]
        for part in parts[1:]:  # one pass: what a value brings is no placeholder
            name, mark, rest = part.partition("}")
            known = mark and name in values
            filled.append(escaped(values[name]) + rest if known else "{" + part)
        return "".join(filled)
    if isinstance(template, dict):
        return {key: fill(value, values, escaped) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values, escaped) for value in template]
    return template


def declared_type(request: RequestSpec) -> str | None:
    """What a question's body is labelled, without its charset; None where it has none."""
    if request.content_type is not None:
        return request.content_type
    if request.form is not None:
        return _FORM
    if request.text is not None:
        return _XML if request.text.lstrip().startswith("<") else _PLAIN
    return _JSON if request.body is not None else None


def check(request: RequestSpec) -> str | None:
    """What is wrong with a declared question, in words; None for nothing."""
    bodies = [name for name in ("body", "form", "text") if getattr(request, name) is not None]
    if len(bodies) > 1:
        return f"{' and '.join(bodies)} exclude each other"
    if bodies and request.method != "POST":
        return f"{bodies[0]} needs the method POST"
    entries = max(len(request.query), len(request.form or {}))
    if entries > _MOST_ENTRIES or len(msgspec.json.encode(request)) > _LONGEST_QUESTION:
        return f"a question has at most {_MOST_ENTRIES} parameters and {_LONGEST_QUESTION} bytes"
    if "#" in request.path or request.path.count("?") > 1:
        return "the path holds # or more than one ?"
    return None


class QuestionTemplate:
    """Fills `{business_id}`, `{scheme}`, `{site}`, `{section}`; `headers` are those of every
    question. Raises `AdapterUnavailable("request_refused")` for one that is no field of one line.
    """

    def __init__(
        self,
        request: RequestSpec,
        section: str,
        authority: str,
        base_path: str,
        headers: dict[str, str],
    ) -> None:
        self._request = request
        self._section = section
        self._base = base_path
        fixed = {"Host": authority, "Accept-Encoding": "gzip", **headers}
        self._fixed = field_lines(fixed.items())
        said = msgspec.json.encode([request.query, request.path, request.body, request.form])
        self._tells_site = b"{site}" in said or "{site}" in (request.text or "")
        self._around = self._compiled()

    def _compiled(self) -> tuple[bytes, bytes] | None:
        """What stands before and after the identifier, where nothing else varies (nearly all); else
        it is filled each time.
        """
        request = self._request
        target = self._filled_target("\x00", "", "")
        varies = "{scheme}" in request.path or any("{scheme}" in v for v in request.query.values())
        if varies or request.method != "GET" or target.count("%00") != 1:
            return None
        before, _, after = f"GET {target} HTTP/1.1\r\n{self._fixed}".partition("%00")
        return before.encode(), after.encode()

    def _values(self, query: RoutedQuery) -> dict[str, str]:
        return {
            "business_id": query.business_id,
            "scheme": query.scheme,
            "site": query.site or "",
            "section": self._section,
        }

    def _filled_target(self, business_id: str, scheme: str, site: str) -> str:
        values = {
            "business_id": business_id,
            "scheme": scheme,
            "site": site,
            "section": self._section,
        }
        request = self._request
        told = bool(site) and not self._tells_site and "site" not in request.query
        pairs = {**request.query, **({"site": "{site}"} if told else {})}
        queries = "&".join(
            f"{self._escaped(fill(k, values))}={self._escaped(fill(v, values))}"
            for k, v in pairs.items()
        )
        path: str = self._base + fill(request.path, values, self._escaped)
        if not queries:
            return path
        join = "" if path.endswith(("?", "&")) else "&" if "?" in path else "?"
        return f"{path}{join}{queries}"

    def _escaped(self, value: str) -> str:
        return quote(value.encode(self._request.charset, "replace"), safe="")

    def target(self, query: RoutedQuery) -> str:
        """The request target."""
        return self._filled_target(query.business_id, query.scheme, query.site or "")

    def body(self, query: RoutedQuery) -> bytes:
        """The body, empty for most. Raises `AdapterUnavailable("request_refused")` for a value that
        the declared charset cannot write.
        """
        request, values = self._request, self._values(query)
        if request.body is not None:
            return _written(msgspec.json.encode(fill(request.body, values)).decode(), request)
        if request.form is not None:
            fields: dict[str, str] = fill(request.form, values)
            return urlencode(fields, encoding=request.charset, errors="replace").encode()
        if request.text is not None:
            kind = declared_type(request) or _PLAIN
            escaped = _ESCAPES.get(kind.rpartition("/")[2].rpartition("+")[2], _one_line)
            return _written(fill(request.text, values, escaped), request)
        return b""

    def payload(self, query: RoutedQuery, left_ms: int) -> bytes:
        """The whole question. Raises `AdapterUnavailable("request_refused")` for a value that would
        smuggle a header.
        """
        head = query.head or head_of(query, left_ms)
        if (
            self._around is not None
            and query.site is None
            and query.business_id.isalnum()
            and query.business_id.isascii()
        ):
            before, after = self._around
            return b"%b%b%b%b\r\n" % (before, query.business_id.encode(), after, head)
        method, framing = self._request.method, ""
        body = self.body(query)
        if method == "POST":
            labelled = field_lines([("Content-Type", self.label)]) if self.label else ""
            framing = f"{labelled}Content-Length: {len(body)}\r\n"
        start = f"{method} {self.target(query)} HTTP/1.1\r\n{self._fixed}".encode()
        return b"%b%b%b\r\n%b" % (start, head, framing.encode(), body)

    @property
    def label(self) -> str:
        """The content type of the body; empty where there is none."""
        kind = declared_type(self._request)
        if kind is None:
            return ""
        plain = kind == _JSON or (kind == _FORM and self._request.charset == "utf-8")
        charset = "" if plain else f"; charset={self._request.charset.upper()}"
        return f"{kind}{charset}"


def _written(text: str, request: RequestSpec) -> bytes:
    try:
        return text.encode(request.charset)
    except UnicodeEncodeError as error:
        raise AdapterUnavailable("request_refused", f"not in {request.charset}") from error


def _for_xml(value: str) -> str:
    return escape(_one_line(value), _QUOTES)


def _for_json(value: str) -> str:
    return msgspec.json.encode(value).decode()[1:-1]


def _one_line(value: str) -> str:
    """A value that cannot begin another line, nor hold what XML has no sign for."""
    return "".join(max(sign, " ") for sign in value)


_ESCAPES: dict[str, Escape] = {
    "xml": _for_xml,
    "json": _for_json,
    "x-www-form-urlencoded": lambda value: quote(value, safe=""),
}
