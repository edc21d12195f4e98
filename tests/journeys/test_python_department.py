"""docs/add-a-python-department.md as it is written: two files, one manifest, published, asked."""

import asyncio
import contextlib
import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters import departments as package
from tests.fixtures.databases import ON_SQLITE

PAGE = Path(__file__).parents[2] / "docs/add-a-python-department.md"
KNOWN = "91310115MA1YYY024Y"


def files():
    found = re.findall(r"```\w+ (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return dict(found)


@pytest.fixture
def culture_kind(tmp_path, monkeypatch):
    """The folder of the page, where the loader finds it."""
    folder = tmp_path / "culture"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name in ("adapter.py", "mapping.py"):
        (folder / name).write_text(files()[name], encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    yield
    for name in [n for n in sys.modules if n.startswith("adapters.departments.culture")]:
        del sys.modules[name]


@contextlib.asynccontextmanager
async def culture_office(mixed_up=()):
    """The office's system; about businesses that are `mixed_up` it answers for another one."""

    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                asked = parse_qs(urlsplit(head.split(" ")[1]).query)["tyshxydm"][0]
                told = {"zt": 1 if asked == KNOWN else 0, "dm": asked, "sj": "2026-11-01"}
                if asked in mixed_up:
                    told["dm"] = KNOWN
                if asked == KNOWN:
                    told["xx"] = {"xkzh": "浙文经1号", "yxqz": "20281231"}
                body = json.dumps(told, ensure_ascii=False).encode()
                kind = "Content-Type: application/json"
                line = f"HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(line.encode() + body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.sleep(0.01)


def test_the_template_is_short():
    assert len(files()["adapter.py"].splitlines()) <= 40


@ON_SQLITE
async def test_the_page_as_it_is_written(culture_kind, gateway):
    manifest = json.loads(files()["manifest.json"])
    other = "91330106MA2YYY034D"
    async with culture_office(mixed_up={other}) as address:
        manifest["base_url"] = address
        sample = {"zt": 1, "dm": KNOWN, "xx": {"xkzh": "x", "yxqz": "2028-12-31"}}
        preview = await gateway.manager("culture").post(
            "/v1/adapters:preview", json={"manifest": manifest, "sample": sample}
        )
        assert preview.json()["data"] == {"permits": [{"permit_no": "x", "valid_to": "2028-12-31"}]}
        await gateway.publish(manifest)
        sections = {}
        for business_id in (KNOWN, other):
            response = await gateway.inspector.get(
                f"/v1/profiles/{business_id}", params={"purpose": "patrol"}
            )
            sections[business_id] = response.json()["sections"]["culture"]
    assert sections[KNOWN]["data"]["permits"][0]["permit_no"] == "浙文经1号"
    # "No record" about another business says nothing of this one.
    assert sections[other]["reason"]["code"] == "wrong_business"
