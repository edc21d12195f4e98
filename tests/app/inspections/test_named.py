"""Whom a record may name where the directory says who signs on."""

import pytest

from auth.principal import Role
from tests.app.organisations.test_people import CITY, MAIN, SECURITY, SYSTEM, People, first
from tests.builders.inspections import an_id, an_inspection
from tests.fixtures.databases import ON_SQLITE
from tests.fixtures.gateway import running

VALID = {"certificate_from": "2020-01-01", "certificate_to": "2099-12-31"}


@pytest.fixture
async def house(database_url, settings_for, issuer):
    first(database_url, ("system-1", SYSTEM), ("security-1", SECURITY))
    async with running(settings_for(database_url, principals="directory"), issuer) as gateway:
        found = People(gateway)
        await found.unit()
        yield found


async def visited(house):
    """An officer, and the record of a visit that names him and another one."""
    await house.person("leader-1", "team_leader")
    await house.person("wang", "inspector", certificate_no="ZJ-0001", **VALID)
    own = {"department": "fire", "region": CITY}
    leader = house.gateway.caller("leader-1", Role.TEAM_LEADER, **own)
    wang = house.gateway.caller("wang", Role.INSPECTOR, **own)
    body = {"business_id": MAIN, "assignees": ["wang"], "basis": "plan 7"}
    task = (await leader.post("/v1/tasks", json=body)).json()["id"]
    results = [{"department": "fire", "item_code": "F", "mode": "observed", "result": "conform"}]
    record = an_inspection(task, business_id=MAIN, results=results)
    return wang, record


@ON_SQLITE
async def test_whoever_cannot_sign_on_cannot_say_that_he_was_there(house):
    li = {"name": "li", "unit": "fire-city", "certificate_no": "ZJ-0002", **VALID}
    person = (await house.system.post("/v1/people", json=li)).json()["person_id"]
    wang, record = await visited(house)
    answer = await wang.put(f"/v1/inspections/{an_id()}", json=record)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/body/officers/1/certificate_no", "inspection.officer_without_sign_on")
    ]
    await house.system.put(f"/v1/people/{person}", json={**li, "subject": "li"})
    answer = await wang.put(f"/v1/inspections/{an_id()}", json=record)
    assert answer.status_code == 201, answer.text


async def test_whom_a_record_names_no_list_takes_back(house):
    people = "姓名,单位,登录标识,执法证号,有效期起,有效期止\nli,fire-city,li,ZJ-0002,2020-1-1,2099-12-31\n"
    headers = {"Content-Type": "text/csv"}
    done = await house.system.post("/v1/people-imports", content=people, headers=headers)
    wang, record = await visited(house)
    answer = await wang.put(f"/v1/inspections/{an_id()}", json=record)
    assert answer.status_code == 201, answer.text
    path = f"/v1/people-imports/{done.json()['import_id']}:undo"
    used = await house.system.post(path)
    assert (used.status_code, used.json()["code"]) == (409, "people.import_used")
