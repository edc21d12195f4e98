"""Two cities' tax offices and the province's behind them live in one gateway: a business is asked
where it is, and no office that is not competent says "no record" of it.
"""

import asyncio
import json

import pytest

from adapters.fakes.departments import OFFICES, SECRETS, manifest_of, office_manifest, office_of
from adapters.fakes.world import MOVED_TO_NINGBO, NINGBO, SHAOXING
from app.businesses.deps import WHEREABOUTS
from app.businesses.whereabouts import Whereabouts
from app.core.clock import SystemClock
from app.core.deps import DATABASE
from auth.principal import Role
from tests.fixtures.databases import build_empty
from tests.fixtures.gateway import running, settings

HANGZHOU = "91330106MA2YYY034D"
SHANGHAI = "91310115MA1YYY024Y"
NORTH = {"330106": HANGZHOU, "330203": NINGBO, "330602": SHAOXING}


@pytest.fixture
def province_url(engine_name, templates, departments_process, issuer, jwks_file):
    """Registration of the whole province, three tax offices, and fire, published."""

    def build(url):
        build_empty(url)

        async def publish_all():
            async with running(settings(url, jwks_file), issuer) as gateway:
                addresses = departments_process.addresses
                registration = manifest_of("registration", addresses["registration"])
                await gateway.publish(registration | {"region": "330000"})
                await gateway.publish(manifest_of("fire", addresses["fire"]))
                for name, address in departments_process.offices.items():
                    await gateway.publish(office_manifest(name, address), SECRETS["tax"])

        with asyncio.Runner() as runner:
            runner.run(publish_all())

    url = templates.copy(engine_name, "province", build)
    yield url
    templates.remove(url)


@pytest.fixture
async def province(province_url, departments, settings_for, issuer):
    async with running(settings_for(province_url), issuer) as found:
        yield found


def caller(gateway, region="330100"):
    return gateway.caller(f"inspector-{region}", Role.INSPECTOR, department="fire", region=region)


async def tax(gateway, business_id, region="330100", **more):
    response = await caller(gateway, region).get(
        f"/v1/profiles/{business_id}",
        params={"purpose": "patrol", **more},
        headers={"deadline": "2000"},
    )
    assert response.status_code == 200, response.text
    return response.json()["sections"]["tax"]


@pytest.mark.parametrize("region", ["330100", "330200", "330000", "310000"])
@pytest.mark.parametrize("business_id", [HANGZHOU, NINGBO, SHAOXING, MOVED_TO_NINGBO])
async def test_whoever_asks_a_business_is_asked_where_it_is(province, business_id, region):
    where = {HANGZHOU: "tax_hangzhou", SHAOXING: "tax_zhejiang"}.get(business_id, "tax_ningbo")
    first, second = [await tax(province, business_id, region) for _ in range(2)]
    assert (first["outcome"], first["adapter"]) == ("fresh", f"{where}@1")
    assert first["office"] == {"region": OFFICES[where][0], "basis": "registration"}
    assert (second["outcome"] in {"fresh", "cached"}, second["adapter"]) == (True, f"{where}@1")


async def test_nobody_is_competent_outside_the_province(province):
    section = await tax(province, SHANGHAI)
    assert (section["outcome"], section["reason"]["code"]) == ("unavailable", "other_region")
    assert section["adapter"] == ""


@pytest.mark.parametrize("how", ["registration is down", "registration is slow", "asked alone"])
async def test_no_record_is_never_told_by_an_office_that_is_not_competent(
    province, departments, how
):
    """The caller stands in Hangzhou, and registration tells nothing: Hangzhou's tax office knows
    nothing of a business of Ningbo, and that is not told.
    """
    if how != "asked alone":
        departments.set("registration", "down" if how.endswith("down") else "hang")
        section = await tax(province, NINGBO)
    else:
        departments.set("registration", "down")
        response = await caller(province).get(
            f"/v1/profiles/{NINGBO}/sections/tax", params={"purpose": "patrol", "wait": "1000"}
        )
        section = response.json()["section"]
    assert (section["outcome"], section["reason"]["code"]) == ("unavailable", "other_region")


async def test_a_task_is_where_registration_says(province):
    """Whoever opens it: every business is asked where it is, in every door, and another city's
    leader opens nothing.
    """
    found = []
    lies_in = {HANGZHOU: "330106", SHAOXING: "330602"}
    for region in ("330100", "330200", "330000"):
        reader = province.caller("inspector-1", Role.INSPECTOR, department="fire", region=region)
        for business_id in (HANGZHOU, NINGBO, SHAOXING, MOVED_TO_NINGBO):
            leader = province.caller("leader-1", Role.TEAM_LEADER, department="fire", region=region)
            body = {"business_id": business_id, "assignees": ["inspector-1"], "basis": "plan 7"}
            opened = await leader.post("/v1/tasks", json=body)
            division = lies_in.get(business_id, "330203")
            if not division.startswith(region.rstrip("0")):
                assert opened.json()["code"] == "task.outside_region"
                continue
            assert opened.json()["region"] == division
            asked = {"purpose": "inspection", "task": opened.json()["id"]}
            path = f"/v1/profiles/{business_id}"
            whole = await reader.get(path, params=asked)
            found.append(whole.json()["sections"]["tax"]["outcome"])
            stream = await reader.get(
                path, params=asked, headers={"Accept": "application/x-ndjson"}
            )
            lines = [json.loads(line) for line in stream.text.splitlines()]
            found += [
                row["value"]["section"]["outcome"]
                for row in lines
                if row["type"] == "section" and row["value"]["name"] == "tax"
            ]
            alone = await reader.get(f"{path}/sections/tax", params=asked | {"wait": "1000"})
            found.append(alone.json()["section"]["outcome"])
    assert len(found) == 3 * (1 + 2 + 4)
    assert set(found) <= {"fresh", "cached"}


async def test_where_a_business_is_outlives_the_process(province, departments):
    """What registration told is kept: with registration down, another process asks Ningbo at
    once.
    """
    await tax(province, NINGBO)
    whereabouts = WHEREABOUTS.of(province.app)
    await whereabouts.flush()
    assert whereabouts.at_once(NINGBO).region == "330203"
    fresh = Whereabouts(DATABASE.of(province.app), SystemClock())
    assert (await fresh.find(NINGBO)).region == "330203"
    departments.set("registration", "down")
    section = await tax(province, NINGBO)
    assert section["adapter"] == "tax_ningbo@1"


def test_the_world_has_a_business_for_each_office():
    assert {office_of(division): business for division, business in NORTH.items()} == {
        "tax_hangzhou": HANGZHOU,
        "tax_ningbo": NINGBO,
        "tax_zhejiang": SHAOXING,
    }
