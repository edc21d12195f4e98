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
    Transcript,
)
from adapters.contract.errors import (
    AdapterError,
    AdapterMalformed,
    AdapterUnavailable,
    DeclarationError,
    MessageRefused,
)
from adapters.contract.manifest import Manifest, Mapping
from adapters.contract.sections import LONGEST_NAME, shape_of
from adapters.contract.spelling import shown
from adapters.departments.standard_rest.canonical import CanonicalReader
from adapters.departments.standard_rest.mapping import MappingError, compile_fields
from adapters.departments.standard_rest.question import QuestionTemplate, check
from adapters.departments.standard_rest.reader import Reader
from adapters.transport.answers import Now, digest_of, require_media_type, status_failure
from adapters.transport.credentials import Secrets, static_headers
from adapters.transport.documents import decode_text, parse_json
from adapters.transport.exchange import PACKED, PATIENT, QUICK, Exchange, Response, owner_of
from adapters.transport.heads import RoutedQuery, fields_of, routed, told_ms
from adapters.transport.kinds import AdapterKind
from adapters.transport.pools import Pool
from adapters.transport.preview import Preview
from adapters.transport.scan import check_display

log = logging.getLogger("onevisit.adapters")
_NOT_FOUND, _OK = 404, 200
_MOST_FOUND, _LONGEST_NUMBER = 20, 64


_OF_THE_MESSAGE = frozenset(f"HTTP {status}" for status in (400, 409, 410, 413, 415, 422))
"""Refusals that are about the message, not about who sends it, where to, how or how often."""


class _Found(msgspec.Struct):
    """What a search answers."""

    items: list[Candidate]


class StandardRestAdapter:
    """A department described by data. Compile errors of its mapping surface as `MappingError` when
    it is built.
    """

    def __init__(self, manifest: Manifest, exchange: Exchange, secrets: Secrets, now: Now) -> None:
        self._manifest = manifest
        self._exchange = exchange
        self._owner = owner_of(manifest.adapter_id)
        self._now = now
        self._base = manifest.base_url.rstrip("/")
        self._headers = {
            "Accept": "application/json, application/xml",
            **static_headers(manifest.auth, secrets),
        }
        self._mapping = manifest.mapping or Mapping()
        if (wrong := check(self._mapping.request)) is not None:
            raise MappingError("/request", wrong)
        shape = shape_of(manifest.section)
        self._reader = Reader(self._mapping, shape, exchange.limits, now)
        self.repeatable = self._mapping.request.method == "GET"
        self._canonical = (
            CanonicalReader(shape, exchange.limits, now) if self._reader.is_canonical else None
        )
        self._doors = [self._door(address) for address in (manifest.base_url, *manifest.replicas)]

    def _door(self, address: str) -> tuple[Pool, QuestionTemplate]:
        pool, path = self._exchange.pool(address.rstrip("/"), self._owner)
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
            elif len(response.raw) > PACKED and response.is_large:
                asyncio.get_running_loop().create_task(self._read_large(response, query, told))
            else:
                told(*self._outcome(response, query))

        return self._exchange.begin(
            pool,
            payload,
            done,
            repeatable=self.repeatable,
            connect_seconds=connect_seconds,
            anew=query.anew,
        )

    async def _read_large(self, response: Response, query: AdapterQuery, told: OnAnswer) -> None:
        told(*await self._exchange.read_apart(response, lambda: self._outcome(response, query)))

    def _outcome(
        self, response: Response, query: AdapterQuery
    ) -> tuple[SectionAnswer | None, AdapterError | None]:
        """What `_read` gives or raises. A failure leaves its frames behind: they hold megabytes
        until the collector comes.
        """
        try:
            return self._read(response, query.business_id), None
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

    def read(self, status: int, fields: dict[str, str], body: bytes, asked: str) -> SectionAnswer:
        """What an answer to a question about `asked` says, without asking: its status, its headers
        (names in lower case) and its body. Raises `AdapterError`.
        """
        response = Response(
            status,
            {name.encode(): value.encode("latin-1") for name, value in fields.items()},
            body,
            self._exchange.limits,
        )
        return self._read(response, asked)

    async def transcript(self, query: AdapterQuery) -> Transcript:
        """Ask, and tell what was sent and what came, unread."""
        pool, template = self._doors[0]
        told, request = routed(query), self._mapping.request
        target, body = template.target(told), template.body(told)
        origin = f"{pool.origin.scheme}://{pool.origin.authority}"
        headers = {**self._headers, **fields_of(told, told_ms(told.deadline, _now()))}
        if label := template.label:
            headers["Content-Type"] = label
        response = await self._exchange.send(
            request.method,
            origin + target,
            headers=headers,
            body=body,
            deadline=query.deadline,
            owner=self._owner,
        )
        sent = f"{request.method} {target}\n{body.decode(request.charset, 'replace')}".strip()
        return Transcript(sent, response.status, response.headers, response.body)

    def _read(self, response: Response, asked: str) -> SectionAnswer:
        """What a complete answer says. Raises `AdapterError`."""
        body = response.body
        digest = digest_of(body)
        if self._canonical is not None and response.status == _OK:
            require_media_type(response.media_type, "json")
            answer = self._canonical.read(body, asked, digest)
            if answer is not None:
                return answer
        return self._reader.read(response, asked, digest)

    async def close(self) -> None:
        self._exchange.drop(self._owner)

    def preview(self, sample: Any) -> Preview:
        """What a pasted sample of the department's answer becomes; needs no endpoint."""
        return self._reader.preview(sample)

    async def search(self, text: str, deadline: float) -> list[Candidate]:
        url = f"{self._base}/v1/search?q={quote(text, safe='')}&limit=20"
        document = await self._call("GET", url, None, deadline)
        if document is None:  # not "none found": a search answers with a list
            raise AdapterUnavailable("request_refused", "HTTP 404 for a search")
        return [candidate_shown(found) for found in _as(_Found, document).items[:_MOST_FOUND]]

    async def resolve_qr(self, content: str, deadline: float) -> Candidate | None:
        document = await self._call(
            "POST", f"{self._base}/v1/resolve-qr", {"content": content}, deadline
        )
        return None if document is None else candidate_shown(_as(Candidate, document))

    async def submit_results(self, message: dict[str, Any], deadline: float) -> ResultReceipt:
        try:
            document = await self._call("POST", f"{self._base}/v1/results", message, deadline)
        except AdapterUnavailable as error:
            if error.detail in _OF_THE_MESSAGE:
                raise MessageRefused(error.detail) from error
            raise
        if document is None:
            raise AdapterMalformed("schema_violation", "results were answered with 404")
        receipt: ResultReceipt = _as(ResultReceipt, document)
        return ResultReceipt(
            shown(receipt.receipt_no)[:_LONGEST_NUMBER], shown(receipt.received_at), receipt.extra
        )

    async def aggregate(self, question: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Counts over class-1 data, made at the source; cells smaller than its minimum arrive as
        null.
        """
        answer: dict[str, Any] = _as(
            dict, await self._call("POST", f"{self._base}/v1/aggregate", question, deadline) or {}
        )
        check_display(msgspec.json.encode(answer))
        return answer

    async def _call(self, method: str, url: str, message: Any, deadline: float) -> Any:
        """An optional operation of the contract: JSON in, JSON out, 404 is None."""
        body = b"" if message is None else msgspec.json.encode(message)
        headers = {**self._headers, **({"Content-Type": "application/json"} if body else {})}
        response = await self._exchange.send(
            method, url, headers=headers, body=body, deadline=deadline, owner=self._owner
        )
        failure = status_failure(response.status, response.headers, self._now)
        if failure and response.status != _NOT_FOUND:
            raise failure
        require_media_type(response.media_type, "json")
        document = parse_json(decode_text(response.body, "utf-8"), self._exchange.limits)
        return None if failure else document


def _now() -> float:
    return asyncio.get_running_loop().time()


def candidate_shown(found: Candidate) -> Candidate:
    """A candidate as it may be shown. Raises `AdapterMalformed` for texts that would show in
    another order than they are written, or are longer than a section's.
    """
    check_display(msgspec.json.encode(found))
    if len(found.name) > LONGEST_NAME or len(found.address) > LONGEST_NAME:
        raise AdapterMalformed("schema_violation", "a candidate's name or address is too long")
    return Candidate(
        found.business_id, shown(found.name), shown(found.address), shown(found.status)
    )


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
    try:
        compile_fields(manifest.mapping or Mapping(), shape_of(manifest.section), strict=True)
    except MappingError as error:
        raise DeclarationError(f"/mapping{error.pointer}", error.detail) from error


def _preview(adapter: DepartmentAdapter, sample: Any) -> Preview:
    return cast("StandardRestAdapter", adapter).preview(sample)


KIND = AdapterKind(_build, _check, _preview)
