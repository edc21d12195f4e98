"""The pages: which files, under which policy, for how long, in which coding."""

import gzip

import pytest

from app.web import routes
from app.web.assets import read_assets
from app.web.policy import PAGE, SCANNER, headers_for
from tests.fixtures.databases import ON_SQLITE
from tests.fixtures.gateway import running


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A build of three files, as `onevisit web build` leaves them."""
    page = b"<!doctype html><title>page</title>" + b" " * 2000
    for name, body in (
        ("m.html", page),
        ("assets/m-abc.js", b"export const a = 1;"),
        ("assets/scan.worker-abc.js", b"self.onmessage = null;"),
        ("docs/index.html", page),
        (".built", b"digest"),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
    (tmp_path / "m.html.gz").write_bytes(gzip.compress(page))
    (tmp_path / "m.html.br").write_bytes(b"brotli")
    assets = read_assets(tmp_path)
    monkeypatch.setattr(routes, "_assets", lambda: assets)
    return page


@ON_SQLITE
class TestPages:
    async def test_the_page_runs_nothing_but_its_own(self, city, built):
        answer = await city.client().get("/m/", headers={"accept-encoding": "identity"})
        assert (answer.status_code, answer.content) == (200, built)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "'unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-cache"
        assert "camera=(self)" in answer.headers["permissions-policy"]

    async def test_only_the_scanner_compiles_wasm(self, city, built):
        client = city.client()
        scanner = await client.get("/m/assets/scan.worker-abc.js")
        assert "'wasm-unsafe-eval'" in scanner.headers["content-security-policy"]
        script = await client.get("/m/assets/m-abc.js")
        assert "wasm" not in script.headers["content-security-policy"]
        assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"

    @pytest.mark.parametrize(
        ("taken", "coding"),
        [
            ("gzip, deflate, br", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("identity", None),
            ("gzip;q=0", None),
        ],
    )
    async def test_the_smallest_form_that_is_taken(self, city, built, taken, coding):
        client = city.client()
        async with client.stream("GET", "/m/", headers={"accept-encoding": taken}) as answer:
            assert answer.headers.get("content-encoding") == coding
            tag = answer.headers["etag"]
        asked = {"accept-encoding": taken, "if-none-match": tag}
        assert (await client.get("/m/", headers=asked)).status_code == 304
        other = {"accept-encoding": taken, "if-none-match": '"other"'}
        async with client.stream("GET", "/m/", headers=other) as answer:
            assert answer.status_code == 200

    @pytest.mark.parametrize(
        "name", ["other.js", "../pyproject.toml", "..%2f..%2fpyproject.toml", ".built", "m.html.gz"]
    )
    async def test_no_other_file_is_reached(self, city, built, name):
        answer = await city.client().get(f"/m/{name}")
        assert answer.status_code in {400, 404}
        assert b"onevisit" not in answer.content

    async def test_links_of_before_and_the_address_alone_lead_there(self, city, built):
        client = city.client()
        for path, status in (("/m", 308), ("/", 307)):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (status, "/m/")
        assert (await client.get("/docs")).headers["location"] == "/m/docs/index.html"
        reader = await client.get("/m/docs/index.html")
        assert reader.status_code == 200
        assert "script-src 'self';" in reader.headers["content-security-policy"]

    async def test_pages_are_withdrawn_from_browsers_that_keep_them(
        self, built, database_url, settings_for, issuer
    ):
        async with running(settings_for(database_url, pages=False), issuer) as gateway:
            client = gateway.client()
            worker = await client.get("/m/sw.js")
            assert "unregister" in worker.text
            assert "indexedDB" not in worker.text
            assert (await client.get("/m/")).status_code == 503
            assert (await client.get("/m/docs/index.html")).status_code == 200

    async def test_without_a_build_one_sentence_says_what_to_do(self, city, monkeypatch):
        monkeypatch.setattr(routes, "_assets", dict)
        answer = await city.client().get("/m/")
        assert answer.status_code == 503
        assert "onevisit web build" in answer.text
        assert answer.headers["cache-control"] == "no-store"


class TestPolicy:
    def test_settings_add_one_issuer_and_frames_and_nothing_else(self):
        plain = headers_for(PAGE)["Content-Security-Policy"]
        told = headers_for(PAGE, issuer="https://id.example.cn", ancestors=("https://a.cn",))
        policy = told["Content-Security-Policy"]
        assert "connect-src 'self' https://id.example.cn;" in policy
        assert "frame-ancestors https://a.cn;" in policy
        assert len(policy) == len(plain) + len(" https://id.example.cnhttps://a.cn") - len("'none'")

    def test_what_is_no_page_runs_nothing(self):
        for kind in ("", "picture"):
            policy = headers_for(kind)["Content-Security-Policy"]
            assert policy == "default-src 'none'; frame-ancestors 'none'"
        assert "style-src" not in headers_for(SCANNER)["Content-Security-Policy"]
