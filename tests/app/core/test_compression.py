"""Bodies and streams as gzip."""

import zlib

import pytest

from app.core.compression import compressed, compressed_stream, takes_gzip
from tests.fixtures.databases import ON_SQLITE

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"

PATROL = {"purpose": "patrol"}


@ON_SQLITE
class TestSizes:
    @pytest.mark.parametrize(("view", "most"), [("summary", 8 << 10), ("full", 40 << 10)])
    async def test_what_travels_is_small(self, city, view, most):
        sizes = []
        for accept in ("application/json", "application/json;q=0.9", "application/x-ndjson"):
            response = await city.inspector.get(
                f"/v1/profiles/{MAIN}",
                params={**PATROL, "view": view},
                headers={"Accept": accept, "Accept-Encoding": "gzip"},
            )
            assert response.headers["content-encoding"] == "gzip"
            assert '"headline"' in response.text
            sizes.append(response.num_bytes_downloaded)
        assert max(sizes) <= most

    async def test_who_does_not_take_gzip_gets_none(self, city):
        for accept_encoding in ("identity", "gzip;q=0", "br"):
            response = await city.inspector.get(
                f"/v1/profiles/{MAIN}", params=PATROL, headers={"Accept-Encoding": accept_encoding}
            )
            assert "content-encoding" not in response.headers


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("br", False),
        ("", False),
        ("identity", False),
    ],
)
def test_who_takes_gzip(accepted, wanted):
    assert takes_gzip(accepted) is wanted


async def test_every_event_of_a_packed_stream_can_be_read_when_it_has_arrived():
    async def events():
        for number in range(3):
            yield b'{"event":%d}\n' % number

    reader = zlib.decompressobj(31)
    seen = [reader.decompress(piece) async for piece in compressed_stream(events())]
    assert seen[:3] == [b'{"event":0}\n', b'{"event":1}\n', b'{"event":2}\n']
    assert reader.eof


def test_short_bodies_are_not_worth_packing():
    assert compressed(b"x" * 100) is None
    assert len(compressed(b"x" * 10_000)) < 100
