"""Five old systems go live by the page alone, on its words in both languages; nothing of them is special-cased."""

import json
import re
from pathlib import Path

import pytest

from tests.fixtures import old_systems
from tests.fixtures.databases import ON_SQLITE

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("connect-an-old-system.md", "connect-an-old-system.zh-CN.md")
WANTED = {
    "weights": [
        {"name": "电子计价秤", "permit_no": "JL-0001"},
        {"name": "加油机", "permit_no": "JL-0002", "valid_to": "2027-03-01"},
    ],
    "boilers": [{"permit_no": "GL-7", "valid_to": "2028-06-30"}],
    "tobacco": [
        {
            "permit_no": "310115100001",
            "valid_from": "2024-01-01",
            "valid_to": "2028-12-31",
            "status": "valid",
        }
    ],
    "relics": [{"permit_no": "文2026-1"}],
    "drains": [{"permit_no": "PS-2024-0009", "valid_to": "2029-05-31", "scope": "重点"}],
}


def manifests(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    return {
        name: json.loads(block)
        for name, block in re.findall(r"```json (\w+)\.json\n(.*?)```", text, re.DOTALL)
    }


@pytest.mark.parametrize("page", PAGES)
@ON_SQLITE
async def test_every_manifest_of_the_page_goes_live_and_says_what_the_system_knows(gateway, page):
    await gateway.officers()
    found = manifests(page)
    assert set(found) == set(WANTED)
    with old_systems.running() as addresses:
        for name, manifest in found.items():
            await gateway.publish({**manifest, "base_url": addresses[name]})
        sections = await sections_of(gateway, old_systems.KNOWN)
        for name, permits in WANTED.items():
            assert sections[name]["outcome"] == "fresh", sections[name]
            assert sections[name]["data"]["permits"] == permits
            assert "unreadable" not in sections[name]
        assert sections["drains"]["as_of_basis"] == "received"
        nobody = await sections_of(gateway, "91500103MAEYYY1167")
        assert {name: nobody[name]["outcome"] for name in WANTED} == dict.fromkeys(
            WANTED, "not_found"
        )


WEIGHTS = """<?xml version="1.0" encoding="GB18030"?>
<JL dm="91310115MA1YYY024Y" sj="2026-11-20 08:00:00" jg="CG"><QJ mc="加油机" bh="JL-0002" yxq="20270301"/></JL>"""


@pytest.mark.parametrize("page", PAGES)
@ON_SQLITE
async def test_a_pasted_answer_that_is_no_json_is_shown_as_the_page_says(gateway, page):
    manager = gateway.manager("market_regulation")
    body = {"manifest": manifests(page)["weights"], "sample": WEIGHTS}
    shown = (await manager.post("/v1/adapters:preview", json=body)).json()
    permit = {"name": "加油机", "permit_no": "JL-0002", "valid_to": "2027-03-01"}
    assert shown["data"] == {"permits": [permit]}
    assert shown["decoded"]["JL"]["@dm"] == "91310115MA1YYY024Y"
    for text in ("", "<JL", "<a>" * 300, "现在维护", "<!DOCTYPE x [<!ENTITY a 'b'>]><JL>&a;</JL>"):
        refused = await manager.post("/v1/adapters:preview", json={**body, "sample": text})
        assert (refused.status_code, refused.json()["code"]) == (422, "adapter.sample_invalid")


async def sections_of(gateway, business):
    answer = await gateway.inspector.get(
        f"/v1/profiles/{business}",
        params={"purpose": "patrol"},
        headers={"deadline": "2000", "cache-control": "no-cache"},
    )
    return answer.json()["sections"]


def test_both_pages_have_the_same_manifests():
    first, second = (manifests(page) for page in PAGES)
    assert first == second
