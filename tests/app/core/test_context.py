"""The outermost ring around a request."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from app.core import problems
from app.core.context import RequestContext
from tests.fixtures.databases import ON_SQLITE

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"

PATROL = {"purpose": "patrol"}


@ON_SQLITE
class TestTraceparent:
    async def test_a_trace_of_the_caller_reaches_the_answer(self, city):
        given = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        for _ in range(2):
            response = await city.inspector.get(
                f"/v1/profiles/{CLEAN}", params=PATROL, headers=given
            )
            assert response.headers["x-request-id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


class Body(BaseModel):
    text: str


@pytest.fixture
def plain():
    """A small application inside the outermost ring."""
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestContext, max_body_bytes=100, body_seconds=0.1)

    @app.post("/echo")
    async def echo(body: Body) -> Body:
        return body

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("a secret of the inside")

    return app


async def send(app, method, path, **more):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return await client.request(method, path, **more)


class TestRequestContext:
    async def test_a_trace_id_is_given_and_none_of_a_stranger_taken_over(self, plain):
        given = "0af7651916cd43dd8448eb211c80319c"
        headers = {"traceparent": f"00-{given}-b7ad6b7169203331-01"}
        response = await send(plain, "POST", "/echo", json={"text": "x"}, headers=headers)
        assert response.headers["x-request-id"] != given
        assert len((await send(plain, "GET", "/nothing")).headers["x-request-id"]) == 32

    @pytest.mark.parametrize(
        ("method", "path", "more", "status", "code"),
        [
            ("POST", "/echo", {"json": {"text": "x" * 200}}, 413, "request.too_large"),
            (
                "POST",
                "/echo",
                {"content": b"{", "headers": {"content-type": "application/json"}},
                422,
                "request.invalid",
            ),
            (
                "POST",
                "/echo",
                {"content": b"x", "headers": {"content-type": "text/plain"}},
                415,
                "request.media_type",
            ),
            ("POST", "/echo", {"json": {"text": 1}}, 422, "request.invalid"),
            ("GET", "/nothing", {}, 404, "request.not_found"),
            ("DELETE", "/echo", {}, 405, "request.method_not_allowed"),
            ("GET", "/fail", {}, 500, "server.internal"),
        ],
    )
    async def test_whatever_goes_wrong_is_a_problem_document(
        self, plain, method, path, more, status, code, caplog
    ):
        response = await send(plain, method, path, **more)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (status, code)
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["trace_id"] == response.headers["x-request-id"]
        assert "secret" not in response.text
        assert problem["text"]["zh"]

    async def test_a_body_that_grows_beyond_the_limit_is_cut_off(self, plain):
        async def grow():
            for _ in range(20):
                yield b"x" * 20

        response = await send(
            plain, "POST", "/echo", content=grow(), headers={"content-type": "application/json"}
        )
        assert response.status_code == 413

    async def test_a_body_that_does_not_come_is_ended(self, plain):
        async def crawl():
            yield b"{"
            await asyncio.sleep(1)
            yield b"}"

        response = await send(
            plain, "POST", "/echo", content=crawl(), headers={"content-type": "application/json"}
        )
        assert (response.status_code, response.json()["code"]) == (408, "request.timeout")

    async def test_the_pointer_is_exact(self, plain):
        response = await send(plain, "POST", "/echo", json={})
        assert response.json()["errors"][0]["pointer"] == "/body/text"
