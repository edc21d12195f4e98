"""Doors to the pages, and to the reading page of the interface's description. Whoever asks for them
need not be known.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.admission import Priority, takes
from app.core.deps import SettingsDep
from app.core.problems import problem, trace_id_of
from app.core.settings import Settings
from app.web.assets import Asset, read_assets
from app.web.policy import PAGE, READER, SCANNER, headers_for

router = APIRouter(tags=["page"], include_in_schema=False)

_NOT_BUILT = """<!doctype html><html lang="zh"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>一次查 OneVisit</title>
<p>页面尚未生成：请运维人员在服务器上运行 onevisit web build；数据接口不受影响。</p>
<p lang="en">The pages have not been built: the operator runs <code>onevisit web build</code> on the
server. The interface works all the same.</p></html>
"""
_OFF = """<!doctype html><html lang="zh"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>一次查 OneVisit</title>
<p>页面已由运维人员停用；本机已保存的内容不受影响，请勿清除浏览器数据。</p>
<p lang="en">The operator has switched the pages off. What this device keeps is still there: do not
clear the browser's data.</p></html>
"""
_ROOM = "/m/"


_WITHDRAWN = """self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith('shell-')) await caches.delete(name);
  await self.registration.unregister();
})()));
"""
"""The worker of pages that were withdrawn: it removes itself, and touches nothing that was kept."""
_read: dict[str, Asset] = {}


def _assets() -> dict[str, Asset]:
    """What was built, once something was."""
    if not _read:
        _read.update(read_assets())
    return _read


def _kind(name: str) -> str:
    if name.startswith("docs/"):
        return READER
    if name.startswith("assets/scan.worker"):
        return SCANNER
    return PAGE if name.endswith(".html") or name == "sw.js" else ""


def _headers(name: str, settings: Settings) -> dict[str, str]:
    split = urlsplit(settings.issuer) if settings.issuer and settings.sign_on_client else None
    issuer = f"{split.scheme}://{split.netloc}" if split and split.scheme else None
    return headers_for(_kind(name), issuer=issuer, ancestors=settings.frame_ancestors)


def _withdrawn(name: str, settings: Settings) -> Response:
    headers = _headers(name, settings) | {"Cache-Control": "no-store"}
    if name == "sw.js":
        return Response(_WITHDRAWN, headers=headers, media_type="text/javascript; charset=utf-8")
    return Response(
        _OFF, HTTPStatus.SERVICE_UNAVAILABLE, headers, media_type="text/html; charset=utf-8"
    )


def _serve(request: Request, settings: Settings, name: str) -> Response:
    if not settings.pages and _kind(name) != READER:
        return _withdrawn(name, settings)
    asset = _assets().get(name) if settings.api_pages or _kind(name) != READER else None
    if asset is None:
        if _assets():
            return problem("request.not_found", trace_id_of(request))
        return Response(
            _NOT_BUILT,
            HTTPStatus.SERVICE_UNAVAILABLE,
            _headers("", settings) | {"Cache-Control": "no-store", "Retry-After": "60"},
            media_type="text/html; charset=utf-8",
        )
    body, coding = asset.coded(request.headers.get("accept-encoding", ""))
    tag = asset.tag if coding is None else f'{asset.tag[:-1]}-{coding}"'
    headers = _headers(name, settings) | {
        "ETag": tag,
        "Cache-Control": asset.cache_control,
        "Vary": "Accept-Encoding",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if coding is not None:
        headers["Content-Encoding"] = coding
    return Response(body, headers=headers, media_type=asset.media_type)


@router.get("/")
@takes(Priority.PULL)
async def read_start() -> Response:
    """The address alone leads to the page."""
    return RedirectResponse(_ROOM, HTTPStatus.TEMPORARY_REDIRECT)


@router.get("/docs")
@takes(Priority.PULL)
async def read_reference() -> Response:
    """The reading page of the interface's description."""
    return RedirectResponse(f"{_ROOM}docs/index.html", HTTPStatus.TEMPORARY_REDIRECT)


@router.get("/m")
@takes(Priority.PULL)
async def read_page_of_before() -> Response:
    """As it stood in links of before; what is behind `#` stays."""
    return RedirectResponse(_ROOM, HTTPStatus.PERMANENT_REDIRECT)


@router.get("/m/")
@takes(Priority.PULL)
async def read_page(request: Request, settings: SettingsDep) -> Response:
    """The page."""
    return _serve(request, settings, "m.html")


@router.get("/console")
@takes(Priority.PULL)
async def read_console(request: Request, settings: SettingsDep) -> Response:
    """The page of those who work at a desk."""
    return _serve(request, settings, "console.html")


@router.get("/m/{name:path}")
@takes(Priority.PULL)
async def read_page_part(request: Request, settings: SettingsDep, name: str) -> Response:
    """What it consists of."""
    return _serve(request, settings, name)
