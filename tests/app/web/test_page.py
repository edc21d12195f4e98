"""The page's files and what may run in it."""

from tests.fixtures.databases import ON_SQLITE


@ON_SQLITE
class TestPage:
    async def test_the_page_is_small_and_nothing_else_may_run(self, city):
        client, size = city.client(), 0
        for path, kind in (
            ("/m", "text/html"),
            ("/m/page.js", "text/javascript"),
            ("/m/page.css", "text/css"),
        ):
            response = await client.get(path)
            assert (response.status_code, response.headers["content-type"].split(";")[0]) == (
                200,
                kind,
            )
            assert "default-src 'none'" in response.headers["content-security-policy"]
            assert "innerHTML" not in response.text
            size += len(response.content)
        assert size <= 40 << 10
        assert (await client.get("/m/other.js")).status_code == 422
