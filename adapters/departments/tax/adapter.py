"""I/O with the tax system: log in for a session token, then POST the query; `code` 0 is success,
2404 no such taxpayer.
"""

from typing import Any

import httpx

from adapters.contract.adapter import AdapterQuery, SectionAnswer
from adapters.contract.errors import AdapterMalformed, AdapterUnavailable
from adapters.contract.manifest import Manifest
from adapters.contract.sections import Tax
from adapters.departments.tax.mapping import to_tax
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
from adapters.transport.credentials import LoginAuth, Secrets
from adapters.transport.documents import decode_text, parse_json
from adapters.transport.exchange import Exchange
from adapters.transport.httpx_transport import client_over, fields_for

_EXPIRED_AS_TOLD, _NO_RECORD = b'"1401"', "2404"


class TaxAdapter:
    """The tax department. Needs the secrets `username` and `password`."""

    def __init__(self, manifest: Manifest, exchange: Exchange, secrets: Secrets, now: Now) -> None:
        self._manifest = manifest
        self._exchange = exchange
        self._secrets = secrets
        self._now = now
        self._base = manifest.base_url.rstrip("/")
        auth = LoginAuth(self._login_request, self._read_token, self._is_expired)
        self._client = client_over(exchange, auth)

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    async def fetch(self, query: AdapterQuery) -> SectionAnswer:
        response = await self._client.post(
            f"{self._base}/sw/nsrcx",
            json={"nsrsbh": query.business_id, "cxmd": query.purpose, "cxdw": query.unit},
            headers=fields_for(query),
            extensions={"deadline": query.deadline},
        )
        return await self._exchange.read(len(response.content), lambda: self._read(response, query))

    def _read(self, response: httpx.Response, query: AdapterQuery) -> SectionAnswer:
        if failure := status_failure(response.status_code, response.headers):
            raise failure
        require_whole(response.status_code)
        document = self._json(response)
        digest = digest_of(response.content)
        code = str(document.get("code"))
        if code == _NO_RECORD:
            return SectionAnswer(None, None, digest, "no_record")
        if code != "0":
            raise AdapterUnavailable("upstream_error", f"code {code[:20]}")
        record = document.get("data")
        if not isinstance(record, dict):
            raise AdapterMalformed("schema_violation", "data is no object")
        require_echo(query.business_id, record.get("nsrsbh"))
        as_of = require_as_of(document.get("sjgxsj"), self._now)
        try:
            values = to_tax(record)
        except (ValueError, TypeError, AttributeError) as error:
            raise AdapterMalformed("schema_violation", type(error).__name__) from error
        return section_answer(values, Tax, as_of, digest)

    def _login_request(self) -> httpx.Request:
        try:
            body = {"yhm": self._secrets["username"], "mm": self._secrets["password"]}
        except KeyError as error:
            raise AdapterUnavailable(
                "credentials_rejected", f"no {error.args[0]} is stored"
            ) from error
        return httpx.Request("POST", f"{self._base}/sw/login", json=body)

    def _read_token(self, response: httpx.Response) -> str:
        if failure := status_failure(response.status_code):
            raise failure
        token = self._json(response).get("token")
        if not isinstance(token, str) or not token:
            raise AdapterUnavailable("credentials_rejected", "login gave no token")
        return token

    def _is_expired(self, response: httpx.Response) -> bool:
        if response.status_code == httpx.codes.UNAUTHORIZED:
            return True
        return response.is_success and _EXPIRED_AS_TOLD in response.content[:200]

    def _json(self, response: httpx.Response) -> dict[str, Any]:
        require_media_type(
            response.headers.get("content-type", "").partition(";")[0].strip().lower(), "json"
        )
        document = parse_json(decode_text(response.content, "utf-8"), self._exchange.limits)
        if not isinstance(document, dict):
            raise AdapterMalformed("schema_violation", "the answer is no object")
        return document


ADAPTER = TaxAdapter
