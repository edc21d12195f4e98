"""The directory over HTTP: who registers whom, who gives which role, and how soon an end counts."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.audit.service import Trail
from app.core import schema
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.deps import DATABASE
from app.core.errors import DomainError
from app.core.snapshots import bump
from app.organisations import service
from app.organisations.first import appoint
from app.organisations.models import Person
from auth.principal import Role
from tests.fixtures.databases import ON_SQLITE
from tests.fixtures.gateway import running, settings

MAIN = "91330106MA2YYY034D"
CITY = "330100"
SYSTEM, SECURITY = Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR


def first(url, *appointed):
    database = Database(url)
    trail = Trail(settings(url, None).keys, SystemClock())
    try:
        with database.write() as session:
            for subject, role in appointed:
                appoint(session, trail, subject, "某", role, CITY)
    finally:
        database.dispose()


class People:
    """A gateway that asks the directory, with its first administrators."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.system = gateway.caller("system-1", SYSTEM)
        self.security = gateway.caller("security-1", SECURITY)

    async def unit(self, unit_id="fire-city", department="fire", region=CITY):
        body = {"unit_id": unit_id, "tier": "city", "region": region}
        body["name"] = {"zh": "消防", "en": "fire"}
        if department:
            body["department"] = department
        answer = await self.system.post("/v1/units", json=body)
        assert answer.status_code == 201, answer.text

    async def person(self, subject, *roles, unit="fire-city", **more):
        body = {"name": subject, "subject": subject, "unit": unit, **more}
        answer = await self.system.post("/v1/people", json=body)
        assert answer.status_code == 201, answer.text
        for role in roles:
            granted = await self.grant(answer.json()["person_id"], role)
            assert granted.status_code == 201, granted.text
        return answer.json()["person_id"]

    async def grant(self, person_id, role, client=None, **more):
        path = f"/v1/people/{person_id}/roles"
        return await (client or self.security).post(path, json={"role": role, **more})


@pytest.fixture
async def house(database_url, settings_for, issuer):
    first(database_url, ("system-1", SYSTEM), ("security-1", SECURITY))
    async with running(settings_for(database_url, principals="directory"), issuer) as gateway:
        found = People(gateway)
        await found.unit()
        yield found


class TestWhoMayCall:
    async def test_a_token_alone_opens_nothing(self, house):
        stranger = house.gateway.caller("nobody", Role.COORDINATOR)
        answer = await stranger.get("/v1/adapters")
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.person_unknown")

    async def test_roles_are_those_that_both_give(self, house):
        await house.person("wang", Role.INSPECTOR)
        both = house.gateway.caller("wang", Role.INSPECTOR, Role.AUDITOR, department="fire")
        me = (await both.get("/v1/me")).json()
        assert (me["roles"], me["department"], me["region"]) == (["inspector"], "fire", CITY)
        assert me["name"]
        assert (await both.get("/v1/audit/entries")).status_code == 403
        elsewhere = house.gateway.caller("wang", Role.INSPECTOR, region="310000")
        assert (await elsewhere.get("/v1/me")).json()["code"] == "auth.person_elsewhere"

    async def test_an_end_counts_at_once_and_is_undone_at_once(self, house):
        person_id = await house.person("wang", Role.AUDITOR)
        auditor = house.gateway.caller("wang", Role.AUDITOR)
        assert (await auditor.get("/v1/audit/entries")).status_code == 200
        (role,) = (await house.security.get(f"/v1/people/{person_id}")).json()["roles"]
        ended = await house.security.post(f"/v1/people/{person_id}/roles/{role['role_id']}:end")
        assert ended.status_code == 200
        assert (await auditor.get("/v1/audit/entries")).status_code == 403
        await house.grant(person_id, Role.AUDITOR)
        assert (await auditor.get("/v1/audit/entries")).status_code == 200
        await house.system.post(f"/v1/people/{person_id}:suspend")
        assert (await auditor.get("/v1/me")).json()["code"] == "auth.person_unknown"
        await house.system.post(f"/v1/people/{person_id}:resume")
        assert (await auditor.get("/v1/me")).status_code == 200
        await house.system.post("/v1/units/fire-city:suspend")
        assert (await auditor.get("/v1/me")).status_code == 403
        await house.system.post("/v1/units/fire-city:resume")
        assert (await auditor.get("/v1/me")).status_code == 200

    async def test_outside_of_working_hours_there_is_no_role(self, house):
        person_id = await house.person("zhao")
        now = datetime.now(UTC) + timedelta(hours=8)
        later = now + timedelta(hours=2)
        hours = f"{later:%H:%M}-{later + timedelta(hours=1):%H:%M}"
        await house.grant(person_id, Role.AUDITOR, hours=hours)
        caller = house.gateway.caller("zhao", Role.AUDITOR)
        assert (await caller.get("/v1/me")).json()["code"] == "auth.permission_missing"
        assert (await caller.get("/v1/audit/entries")).status_code == 403

    async def test_where_people_are_not_known_nobody_is_told_to_go_away(self, house, monkeypatch):
        await house.person("wang", Role.AUDITOR)
        auditor = house.gateway.caller("wang", Role.AUDITOR)
        snapshots = house.gateway.app.state.snapshots
        monkeypatch.setattr(type(snapshots), "is_fresh", property(lambda _self: False))
        answer = await auditor.get("/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (503, "policy.stale")


@ON_SQLITE
class TestAdministration:
    async def test_nobody_does_anything_for_himself(self, house):
        own = (
            await house.security.get("/v1/people", params={"role": "security_administrator"})
        ).json()
        answer = await house.grant(own["items"][0]["person_id"], Role.AUDITOR)
        assert (answer.status_code, answer.json()["code"]) == (403, "person.oneself")
        own = (await house.system.get("/v1/people", params={"role": "system_administrator"})).json()
        answer = await house.system.post(f"/v1/people/{own['items'][0]['person_id']}:suspend")
        assert answer.json()["code"] == "person.oneself"

    async def test_who_registers_people_gives_no_roles(self, house):
        person_id = await house.person("li")
        assert (await house.grant(person_id, Role.INSPECTOR, house.system)).status_code == 403
        body = {"name": "x", "unit": "fire-city"}
        assert (await house.security.post("/v1/people", json=body)).status_code == 403

    async def test_roles_that_exclude_each_other(self, house):
        person_id = await house.person("li", Role.SYSTEM_ADMINISTRATOR)
        for role in (Role.AUDIT_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR):
            answer = await house.grant(person_id, role)
            assert (answer.status_code, answer.json()["code"]) == (409, "role.excluded")

    async def test_a_data_manager_gives_his_own_people_what_he_may(self, house):
        await house.person("chen", Role.DATA_MANAGER)
        manager = house.gateway.caller("chen", Role.DATA_MANAGER, department="fire")
        body = {"name": "李", "subject": "li", "unit": "fire-city"}
        person_id = (await manager.post("/v1/people", json=body)).json()["person_id"]
        assert (await house.grant(person_id, Role.INSPECTOR, manager)).status_code == 201
        leader = await house.grant(person_id, Role.TEAM_LEADER, manager)
        assert (leader.status_code, leader.json()["code"]) == (403, "role.not_yours_to_give")
        await house.unit("tax-city", "tax")
        other = await house.person("sun", unit="tax-city")
        for answer in (
            await house.grant(other, Role.INSPECTOR, manager),
            await manager.post(f"/v1/people/{other}:suspend"),
            await manager.put(f"/v1/people/{other}", json=body),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "person.unknown")
        foreign = await manager.post("/v1/people", json={"name": "x", "unit": "tax-city"})
        assert foreign.json()["code"] == "unit.not_there"
        assert (await manager.get(f"/v1/people/{other}")).status_code == 404

    async def test_parties_beyond_are_seen_by_who_makes_agreements_and_asks_for_them(self, house):
        body = {"name": {"zh": "税务", "en": "tax"}, "tier": "city", "region": CITY}
        body |= {"unit_id": "tax-city", "department": "tax", "parts": ["source"]}
        assert (await house.system.post("/v1/units", json=body)).status_code == 201
        await house.person("m-1", Role.DATA_MANAGER)
        manager = house.gateway.caller("m-1", Role.DATA_MANAGER, department="fire", region=CITY)

        async def ids(**asked):
            got = (await manager.get("/v1/units", params=asked)).json()
            return [row["unit_id"] for row in got["items"]]

        assert await ids(part="source") == ["tax-city"]
        assert await ids() == ["fire-city"]

    async def test_what_lies_beyond_is_unknown(self, house):
        await house.unit("fire-county", "fire", "330106")
        county = await house.person("county-1", Role.DATA_MANAGER, unit="fire-county")
        manager = house.gateway.caller("county-1", Role.DATA_MANAGER, region="330106")
        of_city = await house.person("city-1")
        assert (await manager.get(f"/v1/people/{of_city}")).status_code == 404
        listed = (await manager.get("/v1/people")).json()["items"]
        assert [p["person_id"] for p in listed] == [county]
        beyond = {"name": {"zh": "省", "en": "p"}, "tier": "province", "region": "330000"}
        answer = await house.system.post("/v1/units", json=beyond | {"unit_id": "province"})
        assert (answer.status_code, answer.json()["code"]) == (403, "unit.foreign")

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [({"subject": "li"}, "/body/subject"), ({"certificate": "ZJ-1"}, "/body/certificate_no")],
    )
    async def test_one_sign_on_and_one_certificate_are_one_person(self, house, changes, pointer):
        dated = {"certificate_from": "2026-01-01", "certificate_to": "2030-01-01"}
        await house.person("li", certificate_no="ZJ-1", **dated)
        body = {"name": "x", "unit": "fire-city"}
        if "certificate" in changes:
            body |= {"certificate_no": "ZJ-1", **dated}
        else:
            body |= changes
        answer = await house.system.post("/v1/people", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "person.exists")
        assert answer.json()["errors"][0]["pointer"] == pointer

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "x", "unit": "fire-city", "certificate_no": "ZJ-1"},
            {"name": "x", "unit": "fire-city", "certificate_from": "2026-01-01"},
            {
                "name": "x", "unit": "fire-city", "certificate_no": "ZJ-1",
                "certificate_from": "2026-02-01", "certificate_to": "2026-01-01",
            },
            {"name": "", "unit": "fire-city"},
            {"name": "x", "unit": "Fire City"},
            {"name": "x", "unit": "fire-city", "roles": ["auditor"]},
        ],
    )  # fmt: skip
    async def test_what_is_not_a_person_is_refused(self, house, body):
        answer = await house.system.post("/v1/people", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")

    async def test_people_are_found_page_by_page(self, house):
        for n in range(5):
            await house.person(f"p-{n}")
        found, cursor = [], {}
        while True:
            params = {"name": "p-", "limit": 2, **cursor}
            page = (await house.system.get("/v1/people", params=params)).json()
            found += [p["name"] for p in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert found == [f"p-{n}" for n in range(5)]

    async def test_every_act_is_entered(self, house):
        await house.unit("audit-city", None)
        person_id = await house.person("qian", Role.AUDITOR, unit="audit-city")
        auditor = house.gateway.caller("qian", Role.AUDITOR)
        rows = (await auditor.get("/v1/audit/entries")).json()["items"]
        events = [row["event"] for row in rows if row.get("object_ref") == person_id]
        assert events == ["organisations.person.registered", "organisations.role.granted"]


@ON_SQLITE
class TestWhatRolesRestOn:
    async def roles_now(self, house, person_id):
        found = (await house.security.get(f"/v1/people/{person_id}")).json()["roles"]
        now = datetime.now(UTC)
        ends = ((r["role"], r["valid_to"]) for r in found)
        return [r for r, end in ends if end is None or datetime.fromisoformat(end) > now]

    async def test_they_end_with_the_sign_on_they_were_given_to(self, house):
        person_id = await house.person("chen", Role.TEAM_LEADER)
        body = {"name": "chen", "unit": "fire-city", "subject": "chen"}
        assert (
            await house.system.put(f"/v1/people/{person_id}", json=body | {"name": "陈"})
        ).status_code == 200
        assert await self.roles_now(house, person_id) == ["team_leader"]
        body["subject"] = "accomplice"
        assert (await house.system.put(f"/v1/people/{person_id}", json=body)).status_code == 200
        assert await self.roles_now(house, person_id) == []
        accomplice = house.gateway.caller("accomplice", Role.TEAM_LEADER, department="fire")
        assert (await accomplice.get("/v1/me")).json()["code"] == "auth.permission_missing"

    async def test_they_end_with_the_unit(self, house):
        person_id = await house.person("chen", Role.TEAM_LEADER)
        body = {"name": {"zh": "消防", "en": "fire"}, "tier": "city", "region": CITY}
        same = body | {"department": "fire"}
        assert (await house.system.put("/v1/units/fire-city", json=same)).status_code == 200
        assert await self.roles_now(house, person_id) == ["team_leader"]
        assert (await house.system.put("/v1/units/fire-city", json=body)).status_code == 200
        assert await self.roles_now(house, person_id) == []

    async def test_nobody_takes_his_own_unit_away(self, house):
        own = f"administration-{CITY}"
        for act in ("suspend", "resume"):
            answer = await house.system.post(f"/v1/units/{own}:{act}")
            assert (answer.status_code, answer.json()["code"]) == (403, "person.oneself")

    async def test_a_certificate_moves_nobody_who_signs_on(self, house):
        dated = {"certificate_from": "2026-01-01", "certificate_to": "2030-01-01"}
        await house.person("chen", Role.DATA_MANAGER, certificate_no="ZJ-1", **dated)
        await house.unit("data", None)
        await house.person("lin", Role.COORDINATOR, unit="data")
        coordinator = house.gateway.caller("lin", Role.COORDINATOR)
        officer = {"name": "陈", "department": "tax", "region": CITY}
        officer |= {"valid_from": "2026-01-01", "valid_to": "2031-01-01"}
        moved = await coordinator.put("/v1/officers/ZJ-1", json=officer)
        assert (moved.status_code, moved.json()["code"]) == (403, "officer.foreign_department")
        manager = house.gateway.caller("chen", Role.DATA_MANAGER, department="fire")
        own = await manager.put("/v1/officers/ZJ-1", json=officer | {"department": "fire"})
        assert own.status_code == 403

    @pytest.mark.parametrize("year", ["0001", "9999"])
    async def test_dates_are_of_these_times(self, house, year):
        person_id = await house.person("li")
        answer = await house.grant(
            person_id, Role.AUDITOR, valid_from=f"{year}-01-01T00:00:00+14:00"
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@ON_SQLITE
class TestDelegation:
    async def test_a_lender_takes_it_back(self, house):
        await house.person("chen", Role.TEAM_LEADER)
        borrower_id = await house.person("li", Role.INSPECTOR)
        until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        body = {"person": borrower_id, "role": "team_leader", "until": until}
        lender = house.gateway.caller("chen", Role.TEAM_LEADER, department="fire")
        lent = (await lender.post("/v1/roles:delegate", json=body)).json()["roles"]
        by_role = {r["role"]: r["role_id"] for r in lent}
        path = f"/v1/people/{borrower_id}/roles"
        other = await lender.post(f"{path}/{by_role['inspector']}:end")
        assert (other.status_code, other.json()["code"]) == (403, "role.not_yours_to_give")
        assert (await lender.post(f"{path}/{by_role['team_leader']}:end")).status_code == 200
        borrower = house.gateway.caller("li", Role.INSPECTOR, Role.TEAM_LEADER, department="fire")
        assert (await borrower.get("/v1/me")).json()["roles"] == ["inspector"]

    async def test_a_role_is_lent_for_a_while_and_not_lent_on(self, house):
        lender_id = await house.person("chen", Role.TEAM_LEADER)
        borrower_id = await house.person("li", Role.INSPECTOR)
        third_id = await house.person("sun", Role.INSPECTOR)
        until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        body = {"person": borrower_id, "role": "team_leader", "until": until}
        lender = house.gateway.caller("chen", Role.TEAM_LEADER, department="fire")
        assert (await lender.post("/v1/roles:delegate", json=body)).status_code == 201
        borrower = house.gateway.caller("li", Role.INSPECTOR, Role.TEAM_LEADER, department="fire")
        assert (await borrower.get("/v1/me")).json()["roles"] == ["inspector", "team_leader"]
        for to in (third_id, lender_id):
            on = await borrower.post("/v1/roles:delegate", json=body | {"person": to})
            assert on.json()["code"] == "role.not_yours_to_give"
        himself = await lender.post("/v1/roles:delegate", json=body | {"person": lender_id})
        assert himself.json()["code"] == "person.oneself"
        (own,) = (await house.security.get(f"/v1/people/{lender_id}")).json()["roles"]
        await house.security.post(f"/v1/people/{lender_id}/roles/{own['role_id']}:end")
        assert (await borrower.get("/v1/me")).json()["roles"] == ["inspector"]

    async def test_what_the_token_does_not_give_is_not_lent(self, house):
        lender_id = await house.person("chen", Role.TEAM_LEADER)
        await house.grant(lender_id, Role.DATA_MANAGER)
        borrower_id = await house.person("li", Role.INSPECTOR)
        until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        body = {"person": borrower_id, "role": "data_manager", "until": until}
        narrow = house.gateway.caller("chen", Role.TEAM_LEADER, department="fire")
        answer = await narrow.post("/v1/roles:delegate", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "role.not_yours_to_give")
        wide = house.gateway.caller("chen", Role.TEAM_LEADER, Role.DATA_MANAGER, department="fire")
        assert (await wide.post("/v1/roles:delegate", json=body)).status_code == 201

    @pytest.mark.parametrize("days", [-1, 31])
    async def test_it_has_an_end(self, house, days):
        await house.person("chen", Role.TEAM_LEADER)
        borrower_id = await house.person("li", Role.INSPECTOR)
        until = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        lender = house.gateway.caller("chen", Role.TEAM_LEADER, department="fire")
        body = {"person": borrower_id, "role": "team_leader", "until": until}
        answer = await lender.post("/v1/roles:delegate", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "role.not_yours_to_give")


def test_the_first_administrator_is_appointed_once(database_url):
    first(database_url, ("system-1", SYSTEM))
    with pytest.raises(DomainError) as refused:
        first(database_url, ("system-2", SYSTEM))
    assert refused.value.code == "role.not_yours_to_give"


def test_officers_of_before_are_people_with_certificates(database):
    schema.migrate(database, "0011")
    officer = {"name": "王某", "at": "2026-01-01 00:00:00+00:00"}
    with database.write() as session:
        for number, region in (("ZJ-1", "330106"), ("ZJ-2", "330100"), ("ZJ-3", "330106")):
            session.connection().execute(
                text(
                    "insert into officers (certificate_no, name, department, region, valid_from, "
                    "valid_to, updated_at) values (:no, :name, 'fire', :region, '2020-01-01', "
                    "'2099-12-31', :at)"
                ),
                officer | {"no": number, "region": region},
            )
    schema.migrate(database)
    today = datetime.now(UTC).date()
    with database.read() as session:
        held = service.valid_holders(session, ["ZJ-1", "ZJ-2", "ZJ-3", "ZJ-4"], today)
        found = {number: holder.department for number, holder in held.items()}
        assert found == {"ZJ-1": "fire", "ZJ-2": "fire", "ZJ-3": "fire"}
        units = session.connection().execute(text("select id, tier from units order by id")).all()
    assert [tuple(u) for u in units] == [("fire-330100", "city"), ("fire-330106", "county")]
    schema.migrate(database, "0011")
    with database.read() as session:
        rows = session.connection().execute(text("select certificate_no from officers order by 1"))
        assert [r[0] for r in rows] == ["ZJ-1", "ZJ-2", "ZJ-3"]


async def test_a_role_that_ends_meanwhile_ends_the_disclosure(
    published_url, departments, settings_for, issuer
):
    """Departments have been asked; what they say is told to nobody who may not ask any more."""
    first(published_url, ("system-1", SYSTEM), ("security-1", SECURITY))
    async with running(settings_for(published_url, principals="directory"), issuer) as gateway:
        house = People(gateway)
        await house.unit()
        person_id = await house.person("wang", Role.INSPECTOR)
        inspector = gateway.caller("wang", Role.INSPECTOR, department="fire")
        path = f"/v1/profiles/{MAIN}"
        whole = await inspector.get(path, params={"purpose": "patrol"})
        assert whole.status_code == 200
        departments.set("fire", "hang")
        headers = {"Cache-Control": "no-cache"}
        asked = asyncio.create_task(
            inspector.get(path, params={"purpose": "patrol"}, headers=headers)
        )
        await asyncio.sleep(0.3)
        (role,) = (await house.security.get(f"/v1/people/{person_id}")).json()["roles"]
        await house.security.post(f"/v1/people/{person_id}/roles/{role['role_id']}:end")
        answer = await asked
        assert (answer.status_code, answer.json()["code"]) in {
            (403, "profile.purpose_not_yours"), (403, "auth.permission_missing"),
        }  # fmt: skip


async def test_a_stream_ends_with_its_role(published_url, departments, settings_for, issuer):
    first(published_url, ("system-1", SYSTEM), ("security-1", SECURITY))
    async with running(settings_for(published_url, principals="directory"), issuer) as gateway:
        house = People(gateway)
        await house.unit()
        person_id = await house.person("wang", Role.INSPECTOR)
        inspector = gateway.caller("wang", Role.INSPECTOR, department="fire")
        departments.set("fire", "hang")
        headers = {"Accept": "application/x-ndjson"}
        asked = asyncio.create_task(
            inspector.get(f"/v1/profiles/{MAIN}", params={"purpose": "patrol"}, headers=headers)
        )
        await asyncio.sleep(1.2)
        await house.system.post(f"/v1/people/{person_id}:suspend")
        lines = [json.loads(line) for line in (await asked).text.splitlines()]
        assert lines[-1]["type"] == "problem"
        assert lines[-1]["value"]["code"] == "person.ended"
        told = {line["value"]["name"] for line in lines if line["type"] == "section"}
        assert "fire" not in told
        assert len(told) > 5


@ON_SQLITE  # whose writers wait for each other
async def test_an_act_that_waited_is_not_done_by_whoever_lost_the_role(
    database_url, settings_for, issuer
):
    """Somebody else writes; meanwhile the administrator is suspended."""
    first(database_url, ("system-1", SYSTEM), ("security-1", SECURITY))
    async with running(settings_for(database_url, principals="directory"), issuer) as gateway:
        house = People(gateway)
        await house.unit()
        person_id = await house.person("li")
        second = await house.person("system-2", SYSTEM)
        token = issuer.token("system-2", SYSTEM)
        other = gateway.client(token)
        database = DATABASE.of(gateway.app)
        async with database.turn_async():
            waiting = asyncio.create_task(other.post(f"/v1/people/{person_id}:suspend"))
            await asyncio.sleep(0.3)
            with Session(database.writing) as session:
                row = session.get(Person, second)
                row.state, row.changed = "suspended", bump(session, "people")
                session.commit()
            async with asyncio.timeout(5):
                while gateway.app.state.token_verifier.at_once(token) is not None:
                    await asyncio.sleep(0.05)
        answer = await waiting
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.person_unknown")
        assert (await house.system.get(f"/v1/people/{person_id}")).json()["state"] == "active"


async def test_a_leader_assigns_nobody_beyond(house):
    await house.person("chen", Role.TEAM_LEADER)
    await house.person("li", Role.INSPECTOR)
    await house.unit("tax-city", "tax")
    await house.person("sun", Role.INSPECTOR, unit="tax-city")
    leader = house.gateway.caller("chen", Role.TEAM_LEADER, department="fire")
    body = {"business_id": MAIN, "basis": "plan 7"}
    answer = await leader.post("/v1/tasks", json=body | {"assignees": ["li", "sun"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "task.assignee_foreign")
    assert answer.json()["errors"][0]["pointer"] == "/body/assignees/1"
    assert (await leader.post("/v1/tasks", json=body | {"assignees": ["li"]})).status_code == 201


@ON_SQLITE
async def test_a_token_that_the_directory_contradicts_leaves_an_entry_of_its_own(house):
    """Whoever's token verifies is no stranger: each of his attempts is told of."""
    await house.person("wang", Role.INSPECTOR)
    wide = house.gateway.caller("wang", Role.INSPECTOR, department="tax")
    for _ in range(3):
        assert (await wide.get("/v1/me")).json()["code"] == "auth.person_elsewhere"
    with DATABASE.of(house.gateway.app).read() as session:
        rows = session.execute(
            text("select body from audit_entries where event = 'gateway.request.refused'")
        ).all()
    told = [json.loads(row[0]) for row in rows]
    assert sum(entry["outcome"] == "403" and "/v1/me" in entry["object_ref"] for entry in told) == 3
