"""A deploy in the middle of a form: a new shell comes from the server while an officer types; nothing is lost, nothing is taken over unasked."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Playwright, expect

from tests.pages.browser import phone
from tests.pages.demo import BUSINESS, Demo
from tests.pages.journeys import INSPECTOR
from tests.pages.screens import go, task_of

_VERSION = re.compile(rb'"[0-9a-f]{12}"')
_NOT_PASSED = {"content-encoding", "content-length", "transfer-encoding", "connection"}
_OWN = {"host", "accept-encoding", *_NOT_PASSED}
_NEXT = "0123456789ab"
NOTE = "配电箱前堆放杂物"


class Front(ThreadingHTTPServer):
    """Stands before the gateway; once deployed, the next version's shell comes from here; while it is silent it ends every connection, as a network does that is gone."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, gateway: str) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.gateway, self.deployed, self.silent = gateway, False, False
        self.client = httpx.Client(base_url=gateway, trust_env=False, timeout=30)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is nothing to tell of."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def log_message(self, *_args: Any) -> None:
        """Says nothing."""

    def _pass(self) -> None:
        if self.server.silent:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OWN}
        told = self.server.client.request(self.command, self.path, content=body, headers=headers)
        content = told.content
        if self.server.deployed and urlsplit(self.path).path == "/m/sw.js":
            content, count = _VERSION.subn(f'"{_NEXT}"'.encode(), content)
            assert count, "the version is written otherwise now"
        self.send_response(told.status_code)
        for name, value in told.headers.items():
            if name.lower() not in {*_NOT_PASSED, "etag"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 - names of the library


@contextmanager
def front(gateway: str) -> Iterator[Front]:
    """A front before the gateway, while the block lasts."""
    with Front(gateway) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            server.client.close()


def in_the_middle_of_a_form(player: Playwright, demo: Demo, folder: Path) -> None:
    """The bar comes, the text stays, typing goes on; taken by a tap, the page begins anew with the draft, in the next version alone."""
    with front(demo.address) as server, phone(player, folder) as one:
        page = one.page
        one.sign_on(demo.link(INSPECTOR).replace(demo.address, server.address))
        go(one, server.address, "/settings")
        expect(page.get_by_text("已就绪，无网络时可打开本页")).to_be_visible(timeout=20_000)
        go(one, server.address, f"/b/{BUSINESS}/visit?task={task_of(one)}")
        page.get_by_label("整体说明").fill(NOTE)
        expect(page.get_by_text("已保存在本机", exact=True)).to_be_visible()
        server.deployed = True
        page.evaluate("async () => { await (await navigator.serviceWorker.ready).update(); }")
        bar = page.get_by_text("新版本已就绪")
        expect(bar).to_be_visible(timeout=15_000)
        expect(page.get_by_label("整体说明")).to_have_value(NOTE)
        page.get_by_label("整体说明").fill(NOTE + "，已当场移走")
        expect(page.get_by_text("已保存在本机", exact=True)).to_be_visible()
        page.wait_for_timeout(600)  # the draft is written a moment after the last letter
        page.evaluate("() => { window.__before = true; }")
        bar.locator("xpath=..").get_by_role("button").click()
        page.wait_for_function("() => window.__before === undefined", polling=100)
        expect(page.get_by_label("整体说明")).to_have_value(NOTE + "，已当场移走")
        expect(bar).to_have_count(0)
        kept = page.evaluate("async () => (await caches.keys())")
        assert kept == [f"shell-{_NEXT}"], kept
        go(one, server.address, "/today")
        expect(page.get_by_role("heading", name="我的检查任务")).to_be_visible()
        assert one.violations() == []
        assert one.complaints == [], one.complaints
