"""What happened reaches those concerned, in the same commit; and nobody else."""

import asyncio
from datetime import date

import pytest
from sqlalchemy import text

from app.delivery.notices import service
from app.delivery.notices.addressing import caller, holders, person
from app.delivery.notices.service import KINDS, Announcement, notify
from app.organisations.service import valid_holders
from auth.principal import Role
from tests.builders.inspections import an_id, an_inspection, confirm
from tests.builders.inspections import officer as officer_of
from tests.fixtures.databases import ON_SQLITE

BUSINESS = "91310115MA1YYY024Y"


async def inbox(client, **params):
    return (await client.get("/v1/inbox", params=params)).json()["items"]


async def kinds(client):
    return [notice["kind"] for notice in await inbox(client)]


async def test_a_record_asks_the_second_officer_and_tells_the_supervisor(city):
    task = await city.task(BUSINESS)
    path = f"/v1/inspections/{an_id()}"
    record = (await city.inspector.put(path, json=an_inspection(task))).json()
    colleague = officer_of(city, "ZJ-0002")
    (notice,) = await inbox(colleague)
    assert notice["about"] == {"kind": "record", "id": record["id"]}
    assert notice["text"]["zh"]
    assert notice["what_now"]["en"]
    assert (await kinds(city.inspector), await kinds(city.supervisor)) == ([], [])
    # an officer of the same department who is not on the visit
    stranger = city.caller("x-1", Role.INSPECTOR, department="food", region="000000")
    assert await kinds(stranger) == []
    await confirm(city, record)
    assert await kinds(city.supervisor) == ["record.counts"] * 2
    fire = city.caller("s-1", Role.SUPERVISOR, department="fire", region="310000")
    assert await kinds(fire) == ["record.counts"]
    elsewhere = city.caller("s-2", Role.SUPERVISOR, region="330000")
    assert await kinds(elsewhere) == []


async def test_what_is_refused_tells_nobody(city):
    task = await city.task(BUSINESS)
    body = an_inspection(task, officers=[{"certificate_no": "ZJ-0001"}])
    await city.inspector.put(f"/v1/inspections/{an_id()}", json=body)
    assert await kinds(officer_of(city, "ZJ-0002")) == []


class TestReading:
    @pytest.fixture
    async def boxes(self, gateway):
        body = {
            "name": "某",
            "department": "fire",
            "region": "330100",
            "valid_from": "2020-01-01",
            "valid_to": "2099-12-31",
        }
        assert (await gateway.coordinator.put("/v1/officers/ZJ-0099", json=body)).status_code == 200
        database = gateway.app.state.database
        with database.read() as session:
            self.officer = valid_holders(session, ["ZJ-0099"], date(2026, 11, 28))[
                "ZJ-0099"
            ].person_id
        with database.write() as session:
            for number in range(5):
                told = Announcement("delivery.dead", "delivery", f"d-{number}")
                to = [holders(Role.AUDITOR, "330100"), caller("auditor-1"), person(self.officer)]
                notify(session, gateway.app.state.clock.now(), told, to)
        return gateway

    async def test_pages_and_marks_are_everybodys_own(self, boxes):
        auditor = boxes.auditor
        first = (await auditor.get("/v1/inbox", params={"limit": 7})).json()
        rest = await inbox(auditor, limit=7, cursor=first["next_cursor"])
        ids = [n["id"] for n in (*first["items"], *rest)]
        assert (len(ids), ids) == (10, sorted(ids, reverse=True))
        answers = await asyncio.gather(
            *(auditor.post("/v1/inbox:read", json={"ids": ids[:4]}) for _ in range(5))
        )
        assert {a.status_code for a in answers} == {204}
        assert len(await inbox(auditor, unread=True)) == 6
        assert (await auditor.get("/v1/inbox/unread")).json() == {"unread": 6}
        other = boxes.caller("auditor-2", Role.AUDITOR, region="330000")
        assert (await other.get("/v1/inbox/unread")).json() == {"unread": 5}
        await auditor.post("/v1/inbox:read", json={"ids": ids[:1], "read": False})
        assert (await auditor.get("/v1/inbox/unread")).json() == {"unread": 7}

    @ON_SQLITE
    async def test_nobody_marks_or_reads_what_is_for_others(self, boxes):
        ids = [n["id"] for n in await inbox(boxes.auditor)]
        stranger = boxes.caller("nobody", Role.AUDITOR, region="110000")
        assert await inbox(stranger) == []
        assert (await stranger.post("/v1/inbox:read", json={"ids": ids})).status_code == 204
        assert len(await inbox(boxes.auditor, unread=True)) == 10
        assert (await boxes.client().get("/v1/inbox")).status_code == 401
        holder = boxes.caller("who", Role.INSPECTOR, certificate_no="ZJ-0099")
        assert len(await inbox(holder)) == 5

    @ON_SQLITE
    @pytest.mark.parametrize(
        "body", [{"ids": []}, {"ids": ["x"]}, {"ids": ["a" * 36] * 201}, {}, {"ids": None}]
    )
    async def test_marks_out_of_shape_are_refused(self, boxes, body):
        assert (await boxes.auditor.post("/v1/inbox:read", json=body)).status_code == 422


@ON_SQLITE
async def test_a_kind_of_another_release_hides_no_other(gateway):
    with gateway.app.state.database.write() as session:
        session.connection().execute(
            text(
                "insert into notices values ('n-1', 'of.tomorrow', 'subject', 'auditor-1', '', '', "
                "'x', 'y', '2026-11-28 00:00:00')"
            )
        )
        told = Announcement("delivery.dead", "delivery", "d-1")
        notify(session, gateway.app.state.clock.now(), told, [caller("auditor-1")])
    assert await kinds(gateway.auditor) == ["delivery.dead"]
    assert (await gateway.auditor.get("/v1/inbox/unread")).json() == {"unread": 1}


def test_a_kind_without_words_is_no_notice(database):
    with database.write() as session, pytest.raises(KeyError):
        notify(session, None, Announcement("of.nothing", "x", "y"), [caller("a")])
    assert all(advice.words.zh and advice.what_now.en for advice in KINDS.values())
    assert service.MOST_COUNTED == 1000
