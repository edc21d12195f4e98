"""Serves the page's files as they are, with the policy that nothing else may run."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Response

from app.core.admission import Priority, takes

router = APIRouter(tags=["page"], include_in_schema=False)

_FOLDER = Path(__file__).with_name("static")
_TYPES = {
    "page.html": "text/html; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-cache",
}


@lru_cache
def _file(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def _serve(name: str) -> Response:
    return Response(_file(name), headers=_HEADERS, media_type=_TYPES[name])


@router.get("/m")
@takes(Priority.PULL)
async def read_page() -> Response:
    """The page."""
    return _serve("page.html")


@router.get("/m/{name}")
@takes(Priority.PULL)
async def read_page_part(name: Literal["page.js", "page.css"]) -> Response:
    """Its script and style."""
    return _serve(name)
