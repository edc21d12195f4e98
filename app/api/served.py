"""The document as it is served: made once, off the event loop, and kept as bytes; anybody may ask
for it, and asking must cost next to nothing.
"""

import asyncio
import hashlib
from http import HTTPStatus

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from adapters.contract.sections import encode
from app.core.compression import compressed, takes_gzip

_ADDRESS = "/openapi.json"


class ServedDocument:
    """The OpenAPI document of an application."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._making = asyncio.Lock()
        self._plain, self._packed, self._tag = b"", b"", ""

    async def read(self, request: Request) -> Response:
        """The document; 304 where the caller holds it."""
        if not self._plain:
            async with self._making:
                if not self._plain:
                    await asyncio.to_thread(self._make)
        headers = {"ETag": self._tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if self._tag in request.headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        body = self._plain
        if takes_gzip(request.headers.get("accept-encoding", "")):
            body = self._packed
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers, media_type="application/json")

    def _make(self) -> None:
        plain = encode(self._app.openapi())
        self._packed = compressed(plain) or plain
        self._tag = f'"{hashlib.sha256(plain).hexdigest()[:16]}"'
        self._plain = plain


def serve_documents(app: FastAPI) -> None:
    """Mount it; its reading page is among the pages (`app/web`)."""
    app.add_route(_ADDRESS, ServedDocument(app).read, include_in_schema=False)
