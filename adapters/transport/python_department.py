"""The template of a department in Python: what to ask, where its answer has what, and a mapping.

Everything that is the same for all departments is here: headers, deadline, bounds, media type,
status, charset, echo, source time, canonical shape, digests, closing. Failures are `AdapterError`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import httpx
from msgspec import Struct

from adapters.contract.adapter import AdapterQuery, SectionAnswer, Transcript
from adapters.contract.errors import AdapterMalformed, AdapterUnavailable
from adapters.contract.manifest import Manifest
from adapters.transport.answers import (
    Now,
    digest_of,
    read_shape,
    require_as_of,
    require_echo,
    require_media_type,
    require_named,
    require_whole,
    section_answer,
    status_failure,
)
from adapters.transport.credentials import Secrets, static_headers
from adapters.transport.documents import decode_text, parse_json, parse_xml
from adapters.transport.exchange import Exchange, owner_of
from adapters.transport.httpx_transport import client_over, fields_for
from adapters.transport.preview import Preview


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
    without_echo: ClassVar[str] = ""
    """Why its "no record" names no business; empty where it does, and then it must."""
    mapping: ClassVar[Callable[[dict[str, Any]], dict[str, Any]]]
    """From a record to canonical values; pure. A value that cannot be read is `Unread`, as
    `adapters.contract.convert` gives it; what it raises is a schema violation.
    """

    def __init__(self, manifest: Manifest, exchange: Exchange, secrets: Secrets, now: Now) -> None:
        self._manifest = manifest
        self.secrets = secrets
        self.limits = exchange.limits
        self._exchange = exchange
        self._owner = owner_of(manifest.adapter_id)
        self._now = now
        self._base = manifest.base_url.rstrip("/")
        self._headers = static_headers(manifest.auth, secrets)
        self._client = client_over(exchange, self.auth(), self._owner)

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
        response = await self._client.send(self._question(query))
        return await self._exchange.read(
            len(response.content), lambda: self._read(response, query.business_id)
        )

    def _question(self, query: AdapterQuery) -> httpx.Request:
        request = self.request(query)
        request.headers.update({**self._headers, **fields_for(query)})
        request.extensions = {"deadline": query.deadline}
        return request

    async def transcript(self, query: AdapterQuery) -> Transcript:
        """Ask, and tell what was sent and what came, unread."""
        request = self._question(query)
        sent = f"{request.method} {request.url.raw_path.decode()}\n"
        sent += request.content.decode("utf-8", "replace")
        response = await self._client.send(request)
        return Transcript(
            sent.strip(), response.status_code, dict(response.headers), response.content
        )

    async def close(self) -> None:
        """Its idle connections end; what was asked before is still answered."""
        self._exchange.drop(self._owner)

    def preview(self, sample: Any) -> Preview:
        """What a pasted sample of the department's answer becomes; needs no endpoint."""
        decoded = self._parsed(sample) if isinstance(sample, str) else _object(sample)
        told = self.record_of(decoded)
        return Preview(decoded, read_shape(self._values(told.record), self.section))

    def read(self, status: int, fields: dict[str, str], body: bytes, asked: str) -> SectionAnswer:
        """What an answer to a question about `asked` says, without asking. Raises
        `AdapterError`.
        """
        return self._read(httpx.Response(status, headers=fields, content=body), asked)

    def document_of(self, response: httpx.Response) -> dict[str, Any]:
        """An answer's document, within the bounds. Raises `AdapterMalformed`."""
        content_type = response.headers.get("content-type", "")
        require_media_type(content_type.partition(";")[0].strip().lower(), self.format)
        return self._parsed(decode_text(response.content, self.charset))

    def _parsed(self, text: str) -> dict[str, Any]:
        return _object((parse_xml if self.format == "xml" else parse_json)(text, self.limits))

    def _read(self, response: httpx.Response, asked: str) -> SectionAnswer:
        if failure := status_failure(response.status_code, response.headers, self._now):
            raise failure
        require_whole(response.status_code)
        digest = digest_of(response.content)
        told = self.record_of(self.document_of(response))
        if told.failure is not None:
            raise AdapterUnavailable("upstream_error", told.failure[:60])
        if told.reason is not None:
            if told.echo is not None or not self.without_echo:
                require_named(asked, told.echo)
            return SectionAnswer(None, None, digest, told.reason)
        _object(told.record)
        require_echo(asked, told.echo)
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
