"""The template of a department in Python: what to ask, where its answer has what, and a mapping.

Everything that is the same for all departments is here: headers, deadline, bounds, media type,
status, charset, echo, source time, canonical shape, digests, closing. Failures are `AdapterError`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import httpx
from msgspec import Struct

from adapters.contract.adapter import AdapterQuery, SectionAnswer
from adapters.contract.errors import AdapterMalformed, AdapterUnavailable
from adapters.contract.manifest import Manifest
from adapters.transport.answers import (
    Now,
    digest_of,
    require_as_of,
    require_echo,
    require_media_type,
    require_whole,
    section_answer,
    status_failure,
    to_shape,
)
from adapters.transport.credentials import Secrets, static_headers
from adapters.transport.documents import decode_text, parse_json, parse_xml
from adapters.transport.exchange import Exchange
from adapters.transport.httpx_transport import client_over, fields_for


class Told(Struct, frozen=True):
    """What a document says: which business it is about, how old its data is, and its record; or
    the reason why there is none (`no_record`, `not_applicable`). `failure` is what a department
    says of its own trouble.
    """

    echo: Any = None
    as_of: Any = None
    record: Any = None
    reason: str | None = None
    failure: str | None = None


class PythonDepartment(ABC):
    """One department. A subclass says `section`, `request`, `record_of` and `mapping`."""

    section: ClassVar[type[Struct]]
    """The canonical shape its values become."""
    format: ClassVar[Literal["json", "xml"]] = "json"
    charset: ClassVar[Literal["utf-8", "gb18030"]] = "utf-8"
    repeatable: ClassVar[bool] = False
    """Whether asking twice is as good as asking once."""
    mapping: ClassVar[Callable[[dict[str, Any]], dict[str, Any]]]
    """From a record to canonical values; pure. What it raises is a schema violation."""

    def __init__(self, manifest: Manifest, exchange: Exchange, secrets: Secrets, now: Now) -> None:
        self._manifest = manifest
        self.secrets = secrets
        self.limits = exchange.limits
        self._exchange = exchange
        self._now = now
        self._base = manifest.base_url.rstrip("/")
        self._headers = static_headers(manifest.auth, secrets)
        self._client = client_over(exchange, self.auth())

    @property
    def manifest(self) -> Manifest:
        """The declaration this adapter was built from."""
        return self._manifest

    @abstractmethod
    def request(self, query: AdapterQuery) -> httpx.Request:
        """The question; headers of the gateway and of the auth kind are added to it."""

    @abstractmethod
    def record_of(self, document: dict[str, Any]) -> Told:
        """What a document says."""

    def auth(self) -> httpx.Auth | None:
        """A conversation that comes before questions, such as a log-in."""
        return None

    def get(self, path: str, params: Mapping[str, str]) -> httpx.Request:
        """A GET of this department's address."""
        return httpx.Request("GET", self._base + path, params=params)

    def post(self, path: str, document: Any) -> httpx.Request:
        """A POST of JSON to this department's address."""
        return httpx.Request("POST", self._base + path, json=document)

    async def fetch(self, query: AdapterQuery) -> SectionAnswer:
        """See `DepartmentAdapter.fetch`."""
        request = self.request(query)
        request.headers.update({**self._headers, **fields_for(query)})
        request.extensions = {"deadline": query.deadline}
        response = await self._client.send(request)
        return await self._exchange.read(len(response.content), lambda: self._read(response, query))

    async def close(self) -> None:
        """Nothing is asked after this."""
        await self._client.aclose()

    def preview(self, sample: Any) -> Struct:
        """What a pasted sample of the department's answer becomes; needs no endpoint."""
        told = self.record_of(_object(sample))
        return to_shape(self._values(told.record), self.section)

    def document_of(self, response: httpx.Response) -> dict[str, Any]:
        """An answer's document, within the bounds. Raises `AdapterMalformed`."""
        content_type = response.headers.get("content-type", "")
        require_media_type(content_type.partition(";")[0].strip().lower(), self.format)
        parse = parse_xml if self.format == "xml" else parse_json
        return _object(parse(decode_text(response.content, self.charset), self.limits))

    def _read(self, response: httpx.Response, query: AdapterQuery) -> SectionAnswer:
        if failure := status_failure(response.status_code, response.headers):
            raise failure
        require_whole(response.status_code)
        digest = digest_of(response.content)
        told = self.record_of(self.document_of(response))
        if told.failure is not None:
            raise AdapterUnavailable("upstream_error", told.failure[:60])
        if told.reason is not None:
            if told.echo is not None:  # "no record" of another business says nothing of this one
                require_echo(query.business_id, told.echo)
            return SectionAnswer(None, None, digest, told.reason)
        _object(told.record)
        require_echo(query.business_id, told.echo)
        as_of = require_as_of(told.as_of, self._now)
        return section_answer(self._values(told.record), self.section, as_of, digest)

    def _values(self, record: Any) -> dict[str, Any]:
        try:
            return type(self).mapping(_object(record))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise AdapterMalformed("schema_violation", type(error).__name__) from error


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AdapterMalformed("schema_violation", "the answer is no object")
    return value
