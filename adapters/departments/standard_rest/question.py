"""The bytes of a question, compiled once from the manifest: only what differs between questions is
filled in. Pure.
"""

import msgspec

from adapters.contract.manifest import RequestSpec
from adapters.departments.standard_rest.mapping import fill
from adapters.transport.heads import RoutedQuery, head_of


class QuestionTemplate:
    """Fills `{business_id}`, `{scheme}` and `{site}`; `headers` are those of every question,
    already checked.
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
        self._fixed = "".join(f"{name}: {value}\r\n" for name, value in fixed.items())
        self._around = self._compiled()

    def _compiled(self) -> tuple[bytes, bytes] | None:
        """What stands before and after the identifier, where nothing else varies (nearly all); else
        it is filled each time.
        """
        request = self._request
        target = self._filled_target("\x00", "", "")
        varies = "{scheme}" in request.path or any("{scheme}" in v for v in request.query.values())
        if (
            varies
            or request.body is not None
            or request.method != "GET"
            or target.count("%00") != 1
        ):
            return None
        before, _, after = f"GET {target} HTTP/1.1\r\n{self._fixed}".partition("%00")
        return before.encode(), after.encode()

    def _filled_target(self, business_id: str, scheme: str, site: str) -> str:
        values = {
            "business_id": business_id,
            "scheme": scheme,
            "site": site,
            "section": self._section,
        }
        request = self._request
        pairs = {
            **request.query,
            **({"site": "{site}"} if site and "site" not in request.query else {}),
        }
        queries = "&".join(
            f"{fill(k, values, encode=True)}={fill(v, values, encode=True)}"
            for k, v in pairs.items()
        )
        return f"{self._base}{fill(request.path, values, encode=True)}" + (
            f"?{queries}" if queries else ""
        )

    def target(self, query: RoutedQuery) -> str:
        """The request target."""
        return self._filled_target(query.business_id, query.scheme, query.site or "")

    def body(self, query: RoutedQuery) -> bytes:
        """The body, empty for most."""
        if self._request.body is None:
            return b""
        values = {
            "business_id": query.business_id,
            "scheme": query.scheme,
            "site": query.site or "",
            "section": self._section,
        }
        return msgspec.json.encode(fill(self._request.body, values))

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
        body = self.body(query)
        method = self._request.method
        framing = ""
        if body or method == "POST":
            framing = (
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                if body
                else "Content-Length: 0\r\n"
            )
        start = f"{method} {self.target(query)} HTTP/1.1\r\n{self._fixed}".encode()
        return b"%b%b%b\r\n%b" % (start, head, framing.encode(), body)
