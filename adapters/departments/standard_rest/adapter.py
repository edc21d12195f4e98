"""The adapter that needs no Python: asks over the exchange as the manifest says, and maps what comes back."""

import asyncio
from typing import Any

import msgspec

from adapters.contract.adapter import AdapterQuery, Candidate, ResultReceipt, SectionAnswer
from adapters.contract.errors import AdapterMalformed
from adapters.contract.manifest import Manifest, Mapping
from adapters.contract.sections import shape_of
from adapters.departments.standard_rest.mapping import compile_condition, compile_fields, field_names, fill
from adapters.departments.standard_rest.paths import compile_path
from adapters.transport.answers import (
    Now,
    digest_of,
    require_as_of,
    require_echo,
    require_media_type,
    status_failure,
    to_shape,
)
from adapters.transport.credentials import Secrets, static_headers
from adapters.transport.documents import decode_text, parse_json, parse_xml
from adapters.transport.exchange import Exchange, Response

_NOT_FOUND = 404
_MARGIN_SECONDS = 0.02


class _Found(msgspec.Struct):
    """What a search answers."""

    items: list[Candidate] = []


class StandardRestAdapter:
    """A department described by data. Compile errors of its mapping surface as `MappingError` when it is built."""

    def __init__(self, manifest: Manifest, exchange: Exchange, secrets: Secrets, now: Now) -> None:
        self._manifest = manifest
        self._exchange = exchange
        self._now = now
        self._base = manifest.base_url.rstrip("/")
        self._headers = {"Accept": "application/json, application/xml", **static_headers(manifest.auth, secrets)}
        self._mapping = manifest.mapping or Mapping()
        self._shape = shape_of(manifest.section)
        self._build = compile_fields(self._mapping, field_names(self._shape))
        answer = self._mapping.response
        self._find_id, self._find_time = compile_path(answer.business_id), compile_path(answer.as_of)
        self._find_record = compile_path(answer.record)
        self._no_record = [(compile_condition(c), c.reason or "no_record") for c in answer.no_record]
        self._not_applicable = [(compile_condition(c), c.reason or "not_applicable") for c in answer.not_applicable]
        self._success = compile_condition(answer.success) if answer.success else None

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    async def fetch(self, query: AdapterQuery) -> SectionAnswer:
        response = await self._ask(query)
        document = self._document(response)
        digest = digest_of(response.body)
        for holds, reason in (*self._no_record, *self._not_applicable):
            if document is not None and holds(response.status, document):
                if (told := self._find_id(document)) is not None:
                    require_echo(query.business_id, told)
                return SectionAnswer(None, self._time_or_none(document), digest, reason)
        if failure := status_failure(response.status):
            raise failure
        if self._success and not self._success(response.status, document):
            raise AdapterMalformed("schema_violation", "the answer does not say that it succeeded")
        require_echo(query.business_id, self._find_id(document))
        as_of = require_as_of(self._find_time(document), self._now)
        record = self._find_record(document)
        if record is None:
            raise AdapterMalformed("schema_violation", f"nothing at {self._mapping.response.record}")
        return SectionAnswer(to_shape(self._build(record), self._shape), as_of, digest)

    def preview(self, sample: Any) -> msgspec.Struct:
        """What a pasted sample of the department's answer becomes; needs no endpoint."""
        record = self._find_record(sample)
        return to_shape(self._build(sample if record is None else record), self._shape)

    async def _ask(self, query: AdapterQuery) -> Response:
        request = self._mapping.request
        values = {
            "business_id": query.business_id,
            "scheme": query.scheme,
            "site": query.site or "",
            "section": self._manifest.section,
        }
        pairs = {**request.query, **({"site": "{site}"} if query.site and "site" not in request.query else {})}
        queries = "&".join(f"{fill(k, values, encode=True)}={fill(v, values, encode=True)}" for k, v in pairs.items())
        url = self._base + fill(request.path, values, encode=True) + (f"?{queries}" if queries else "")
        body = b"" if request.body is None else msgspec.json.encode(fill(request.body, values))
        return await self._exchange.send(
            request.method, url, headers=self._query_headers(query, body), body=body, deadline=query.deadline
        )

    def _query_headers(self, query: AdapterQuery, body: bytes) -> dict[str, str]:
        left = query.deadline - asyncio.get_running_loop().time() - _MARGIN_SECONDS
        headers = {
            **self._headers,
            "X-Request-Id": query.request_id,
            "X-Purpose": query.purpose,
            "X-Unit": query.unit,
            "Deadline": str(max(int(left * 1000), 1)),
        }
        if query.traceparent:
            headers["Traceparent"] = query.traceparent
        if body:
            headers["Content-Type"] = "application/json"
        return headers

    def _document(self, response: Response) -> Any:
        """The parsed body, or None where the status alone tells that there is nothing worth reading."""
        answer = self._mapping.response
        try:
            require_media_type(response.media_type, answer.format)
            text = decode_text(response.body, answer.charset)
            parse = parse_xml if answer.format == "xml" else parse_json
            return parse(text, self._exchange.limits)
        except AdapterMalformed:
            # A 404 page of some proxy is not the department saying "no record": only a well-formed answer counts.
            if status_failure(response.status):
                return None
            raise

    def _time_or_none(self, document: Any) -> Any:
        value = self._find_time(document)
        return None if value is None else require_as_of(value, self._now)

    async def search(self, text: str, deadline: float) -> list[Candidate]:
        url = f"{self._base}/v1/search?" + fill("q={q}&limit=20", {"q": text}, encode=True)
        document = await self._call("GET", url, None, deadline)
        found: _Found = _as(_Found, {"items": []} if document is None else document)
        return found.items[:20]

    async def resolve_qr(self, content: str, deadline: float) -> Candidate | None:
        document = await self._call("POST", f"{self._base}/v1/resolve-qr", {"content": content}, deadline)
        return None if document is None else _as(Candidate, document)

    async def submit_results(self, message: dict[str, Any], deadline: float) -> ResultReceipt:
        document = await self._call("POST", f"{self._base}/v1/results", message, deadline)
        if document is None:
            raise AdapterMalformed("schema_violation", "results were answered with 404")
        receipt: ResultReceipt = _as(ResultReceipt, document)
        return receipt

    async def aggregate(self, question: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Counts over class-1 data, made at the source; cells smaller than its minimum arrive as null."""
        answer: dict[str, Any] = _as(dict, await self._call("POST", f"{self._base}/v1/aggregate", question, deadline) or {})
        return answer

    async def _call(self, method: str, url: str, message: Any, deadline: float) -> Any:
        """An optional operation of the contract: JSON in, JSON out, 404 is None."""
        body = b"" if message is None else msgspec.json.encode(message)
        headers = {**self._headers, **({"Content-Type": "application/json"} if body else {})}
        response = await self._exchange.send(method, url, headers=headers, body=body, deadline=deadline)
        failure = status_failure(response.status)
        if failure and response.status != _NOT_FOUND:
            raise failure
        require_media_type(response.media_type, "json")
        document = parse_json(decode_text(response.body, "utf-8"), self._exchange.limits)
        return None if failure else document


def _as(kind: Any, document: Any) -> Any:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise AdapterMalformed("schema_violation", str(error)) from error


ADAPTER = StandardRestAdapter
