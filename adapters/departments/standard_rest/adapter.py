"""The adapter that needs no Python: asks over the exchange as the manifest says, and maps what
comes back.
"""

import asyncio
import logging
from typing import Any, cast
from urllib.parse import quote

import msgspec

from adapters.contract.adapter import (
    AdapterQuery,
    Asking,
    Candidate,
    DepartmentAdapter,
    OnAnswer,
    ResultReceipt,
    SectionAnswer,
)
from adapters.contract.errors import AdapterError, AdapterMalformed, DeclarationError
from adapters.contract.manifest import Manifest, Mapping
from adapters.contract.sections import shape_of
from adapters.departments.standard_rest.canonical import CanonicalReader
from adapters.departments.standard_rest.mapping import (
    MappingError,
    compile_condition,
    compile_fields,
    field_names,
)
from adapters.departments.standard_rest.paths import compile_path
from adapters.departments.standard_rest.question import QuestionTemplate
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
from adapters.transport.documents import decode_json, decode_text, parse_json, parse_xml
from adapters.transport.exchange import LARGE, PATIENT, QUICK, Exchange, Pool, Response
from adapters.transport.heads import RoutedQuery, routed, told_ms
from adapters.transport.kinds import AdapterKind

log = logging.getLogger("onevisit.adapters")
_NOT_FOUND, _OK = 404, 200


class _Found(msgspec.Struct):
    """What a search answers."""

    items: list[Candidate] = []


class StandardRestAdapter:
    """A department described by data. Compile errors of its mapping surface as `MappingError` when
    it is built.
    """

    def __init__(self, manifest: Manifest, exchange: Exchange, secrets: Secrets, now: Now) -> None:
        self._manifest = manifest
        self._exchange = exchange
        self._now = now
        self._base = manifest.base_url.rstrip("/")
        self._headers = {
            "Accept": "application/json, application/xml",
            **static_headers(manifest.auth, secrets),
        }
        self._mapping = manifest.mapping or Mapping()
        self._shape = shape_of(manifest.section)
        self._build = compile_fields(self._mapping, field_names(self._shape))
        answer = self._mapping.response
        self._find_id, self._find_time = (
            compile_path(answer.business_id),
            compile_path(answer.as_of),
        )
        self._find_record = compile_path(answer.record)
        self._no_record = [
            (compile_condition(c), c.reason or "no_record") for c in answer.no_record
        ]
        self._not_applicable = [
            (compile_condition(c), c.reason or "not_applicable") for c in answer.not_applicable
        ]
        self._success = compile_condition(answer.success) if answer.success else None
        self.repeatable = self._mapping.request.method == "GET"
        plain = self._mapping.fields is None and answer == Mapping().response
        self._canonical = CanonicalReader(self._shape, exchange.limits, now) if plain else None
        self._doors = [self._door(address) for address in (manifest.base_url, *manifest.replicas)]

    def _door(self, address: str) -> tuple[Pool, QuestionTemplate]:
        pool, path = self._exchange.pool(address.rstrip("/"))
        request = self._mapping.request
        authority = pool.origin.authority
        return pool, QuestionTemplate(
            request, self._manifest.section, authority, path.rstrip("/"), self._headers
        )

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def begin(
        self, query: RoutedQuery, told: OnAnswer, *, connect_seconds: float = QUICK
    ) -> Asking:
        """Ask without a task: whoever asks keeps the time and cancels. `told` is called once with
        an answer or a failure, possibly before this returns. Raises `AdapterError`.
        """
        pool, template = self._doors[query.replica]
        now = asyncio.get_running_loop().time()
        payload = template.payload(query, 0 if query.head else told_ms(query.deadline, now))

        def done(response: Response | None, error: AdapterError | None) -> None:
            if response is None:
                told(None, error)
            elif len(response.raw) > LARGE:
                asyncio.get_running_loop().create_task(self._read_large(response, query, told))
            else:
                told(*self._outcome(response, query))

        return self._exchange.begin(
            pool, payload, done, repeatable=self.repeatable, connect_seconds=connect_seconds
        )

    async def _read_large(self, response: Response, query: AdapterQuery, told: OnAnswer) -> None:
        told(*await self._exchange.read(len(response.raw), lambda: self._outcome(response, query)))

    def _outcome(
        self, response: Response, query: AdapterQuery
    ) -> tuple[SectionAnswer | None, AdapterError | None]:
        """What `_read` gives or raises. A failure leaves its frames behind: they hold megabytes
        until the collector comes.
        """
        try:
            return self._read(response, query), None
        except AdapterError as error:
            error.__context__ = error.__cause__ = None
            return None, error.with_traceback(None)
        except Exception as error:
            log.exception(
                "%s: an answer was read in a way nobody foresaw", self._manifest.adapter_id
            )
            return None, AdapterError("adapter_failed", type(error).__name__)

    async def fetch(self, query: AdapterQuery) -> SectionAnswer:
        answered: asyncio.Future[SectionAnswer] = asyncio.get_running_loop().create_future()

        def told(answer: SectionAnswer | None, error: AdapterError | None) -> None:
            if answered.done():
                return
            if answer is None:
                answered.set_exception(error or AdapterMalformed("schema_violation"))
            else:
                answered.set_result(answer)

        call = self.begin(routed(query), told, connect_seconds=PATIENT)
        try:
            async with asyncio.timeout_at(query.deadline):
                return await answered
        finally:
            call.cancel()

    def _read(self, response: Response, query: AdapterQuery) -> SectionAnswer:
        """What a complete answer says. Raises `AdapterError`."""
        body = response.body
        digest = digest_of(body)
        if self._canonical is not None and response.status == _OK:
            require_media_type(response.media_type, "json")
            answer = self._canonical.read(body, query.business_id, digest)
            if answer is not None:
                return answer
        return self._read_any(response, query, digest)

    def _read_any(self, response: Response, query: AdapterQuery, digest: str) -> SectionAnswer:
        document = self._document(response)
        for holds, reason in (*self._no_record, *self._not_applicable):
            if document is not None and holds(response.status, document):
                if (told := self._find_id(document)) is not None:
                    require_echo(query.business_id, told)
                return SectionAnswer(None, self._time_or_none(document), digest, reason)
        if failure := status_failure(response.status, response.headers):
            raise failure
        require_whole(response.status)
        if self._success and not self._success(response.status, document):
            raise AdapterMalformed("schema_violation", "the answer does not say that it succeeded")
        require_echo(query.business_id, self._find_id(document))
        as_of = require_as_of(self._find_time(document), self._now)
        record = self._find_record(document)
        if record is None:
            raise AdapterMalformed(
                "schema_violation", f"nothing at {self._mapping.response.record}"
            )
        return section_answer(self._build(record), self._shape, as_of, digest)

    async def close(self) -> None:
        """Connections are the exchange's."""

    def preview(self, sample: Any) -> msgspec.Struct:
        """What a pasted sample of the department's answer becomes; needs no endpoint."""
        record = self._find_record(sample)
        return to_shape(self._build(sample if record is None else record), self._shape)

    def _document(self, response: Response) -> Any:
        """The parsed body, or None where the status alone tells that there is nothing worth
        reading.
        """
        answer, limits = self._mapping.response, self._exchange.limits
        try:
            require_media_type(response.media_type, answer.format)
            if answer.format == "xml":
                return parse_xml(decode_text(response.body, answer.charset), limits)
            if answer.charset == "utf-8":
                return decode_json(response.body, limits)
            return parse_json(decode_text(response.body, answer.charset), limits)
        except AdapterMalformed:
            # A 404 page of some proxy is not the department saying "no record": only a well-formed
            # answer counts.
            if status_failure(response.status):
                return None
            raise

    def _time_or_none(self, document: Any) -> Any:
        value = self._find_time(document)
        return None if value is None else require_as_of(value, self._now)

    async def search(self, text: str, deadline: float) -> list[Candidate]:
        url = f"{self._base}/v1/search?q={quote(text, safe='')}&limit=20"
        document = await self._call("GET", url, None, deadline)
        found: _Found = _as(_Found, {"items": []} if document is None else document)
        return found.items[:20]

    async def resolve_qr(self, content: str, deadline: float) -> Candidate | None:
        document = await self._call(
            "POST", f"{self._base}/v1/resolve-qr", {"content": content}, deadline
        )
        return None if document is None else _as(Candidate, document)

    async def submit_results(self, message: dict[str, Any], deadline: float) -> ResultReceipt:
        document = await self._call("POST", f"{self._base}/v1/results", message, deadline)
        if document is None:
            raise AdapterMalformed("schema_violation", "results were answered with 404")
        receipt: ResultReceipt = _as(ResultReceipt, document)
        return receipt

    async def aggregate(self, question: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Counts over class-1 data, made at the source; cells smaller than its minimum arrive as
        null.
        """
        answer: dict[str, Any] = _as(
            dict, await self._call("POST", f"{self._base}/v1/aggregate", question, deadline) or {}
        )
        return answer

    async def _call(self, method: str, url: str, message: Any, deadline: float) -> Any:
        """An optional operation of the contract: JSON in, JSON out, 404 is None."""
        body = b"" if message is None else msgspec.json.encode(message)
        headers = {**self._headers, **({"Content-Type": "application/json"} if body else {})}
        response = await self._exchange.send(
            method, url, headers=headers, body=body, deadline=deadline
        )
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


def _build(manifest: Manifest, exchange: Exchange, secrets: Secrets, now: Now) -> DepartmentAdapter:
    try:
        return StandardRestAdapter(manifest, exchange, secrets, now)
    except MappingError as error:
        raise DeclarationError(f"/mapping{error.pointer}", error.detail) from error
    except ValueError as error:
        raise DeclarationError("/mapping/response", str(error)) from error


def _check(manifest: Manifest) -> None:
    if manifest.auth.kind == "login":
        raise DeclarationError("/auth/kind", "A login flow needs a Python adapter.")


def _preview(adapter: DepartmentAdapter, sample: Any) -> msgspec.Struct:
    return cast("StandardRestAdapter", adapter).preview(sample)


KIND = AdapterKind(_build, _check, _preview)
