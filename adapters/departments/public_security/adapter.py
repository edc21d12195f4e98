"""I/O with the police system: one GET, XML in GB18030, `JGDM` 00 success, 01 no record, 02 outside
its remit.
"""

import httpx

from adapters.contract.adapter import AdapterQuery, SectionAnswer
from adapters.contract.errors import AdapterMalformed, AdapterUnavailable
from adapters.contract.manifest import Manifest
from adapters.contract.sections import PublicSecurity
from adapters.departments.public_security.mapping import to_public_security
from adapters.transport.answers import (
    Now,
    digest_of,
    require_as_of,
    require_echo,
    require_media_type,
    require_whole,
    section_answer,
    status_failure,
)
from adapters.transport.credentials import Secrets, static_headers
from adapters.transport.documents import decode_text, parse_xml
from adapters.transport.exchange import Exchange
from adapters.transport.httpx_transport import client_over, fields_for

_REASONS = {"01": "no_record", "02": "not_applicable"}


class PublicSecurityAdapter:
    """The police department's special-trade system."""

    repeatable = True
    """Every question is a GET."""

    def __init__(self, manifest: Manifest, exchange: Exchange, secrets: Secrets, now: Now) -> None:
        self._manifest = manifest
        self._exchange = exchange
        self._now = now
        self._base = manifest.base_url.rstrip("/")
        self._headers = static_headers(manifest.auth, secrets)
        self._client = client_over(exchange)

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    async def fetch(self, query: AdapterQuery) -> SectionAnswer:
        response = await self._client.get(
            f"{self._base}/tzhy/query",
            params={"dm": query.business_id, "dw": query.unit, "mdd": query.purpose},
            headers={**self._headers, **fields_for(query)},
            extensions={"deadline": query.deadline},
        )
        return await self._exchange.read(len(response.content), lambda: self._read(response, query))

    def _read(self, response: httpx.Response, query: AdapterQuery) -> SectionAnswer:
        if failure := status_failure(response.status_code, response.headers):
            raise failure
        require_whole(response.status_code)
        require_media_type(
            response.headers.get("content-type", "").partition(";")[0].strip().lower(), "xml"
        )
        body = parse_xml(decode_text(response.content, "gb18030"), self._exchange.limits).get(
            "FHJG"
        )
        if not isinstance(body, dict):
            raise AdapterMalformed("schema_violation", "no FHJG element")
        digest = digest_of(response.content)
        code = str(body.get("JGDM"))
        if code in _REASONS:
            return SectionAnswer(None, None, digest, _REASONS[code])
        if code != "00":
            raise AdapterUnavailable("upstream_error", f"JGDM {code[:10]}")
        require_echo(query.business_id, body.get("DM"))
        as_of = require_as_of(body.get("SJSJ"), self._now)
        try:
            values = to_public_security(body)
        except (ValueError, TypeError, AttributeError) as error:
            raise AdapterMalformed("schema_violation", type(error).__name__) from error
        return section_answer(values, PublicSecurity, as_of, digest)


ADAPTER = PublicSecurityAdapter
