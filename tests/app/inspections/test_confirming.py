"""Results count when those whom a record names have said so themselves (I-02)."""

import asyncio
import csv
import io
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from app.inspections.presence import Presence, overall
from app.inspections.repository import attendances_of, unconfirmed
from auth.principal import Role
from tests.builders.inspections import an_id, an_inspection, officer
from tests.fixtures.databases import ON_SQLITE

BUSINESS = "91310115MA1YYY024Y"
WAITS, FIRE, FOOD = "pending_confirmation", "ZJ-0001", "ZJ-0002"


def result(department="food", mode="observed", by=None):
    more = {"by": by} if by else {}
    return {
        "department": department,
        "item_code": f"{department}-1",
        "mode": mode,
        "result": "conform",
        **more,
    }


@pytest.fixture
async def scene(city):
    return city, await city.task(BUSINESS)


async def submitted(city, task, **changes):
    answer = await city.inspector.put(
        f"/v1/inspections/{an_id()}", json=an_inspection(task, **changes)
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def say(client, record, word="confirm", **more):
    body = {"digest": record["digest"], **more}
    return await client.post(f"/v1/inspections/{record['id']}:{word}", json=body)


def states(record):
    return {w["department"]: w["state"] for w in record["write_back"]}


async def of_state(city, state):
    found = (await city.supervisor.get("/v1/records", params={"state": state})).json()["items"]
    return [record["id"] for record in found]


class TestWord:
    async def test_nothing_counts_until_the_second_officer_says_so(self, scene, departments):
        city, task = scene
        record = await submitted(city, task)
        assert record["state"] == WAITS
        assert states(record) == {"fire": WAITS, "food": WAITS}
        told = {o["certificate_no"]: o["presence"] for o in record["officers"]}
        assert told == {FIRE: "confirmed", FOOD: "pending"}
        assert await of_state(city, WAITS) == [record["id"]]
        assert await of_state(city, "not_written_back") == await of_state(city, "submitted") == []
        await asyncio.sleep(0.5)
        for name in ("fire", "food"):
            sent = [m["message"].get("inspection_id") for m in departments.received(name)]
            assert record["id"] not in sent
        answer = await say(officer(city, FOOD), record)
        assert (answer.status_code, answer.json()["state"]) == (200, "submitted")
        assert await of_state(city, WAITS) == []
        async with asyncio.timeout(10):
            while await of_state(city, "written_back") != [record["id"]]:
                await asyncio.sleep(0.05)
        entries = (
            await city.auditor.get(
                "/v1/audit/entries", params={"event": "inspections.record.confirmed"}
            )
        ).json()["items"]
        assert [e["object_ref"] for e in entries] == [record["id"]]

    async def test_what_somebody_else_concluded_waits_for_him_alone(self, scene):
        city, task = scene
        officers = [{"certificate_no": f"ZJ-000{n}"} for n in (1, 2, 3)]
        results = [result("fire"), result("food", "determined", by=FOOD)]
        record = await submitted(city, task, officers=officers, results=results)
        record = (await say(officer(city, "ZJ-0003"), record)).json()
        assert (states(record)["food"], record["state"]) == (WAITS, WAITS)
        assert states(record)["fire"] in {"pending", "delivered"}
        assert {r["department"]: r["confirmation"] for r in record["results"]} == {
            "fire": "confirmed",
            "food": "pending",
        }
        record = (await say(officer(city, FOOD), record)).json()
        assert states(record)["food"] in {"pending", "delivered"}
        inbox = (await city.supervisor.get("/v1/inbox")).json()["items"]
        told = [n["department"] for n in inbox if n["kind"] == "record.counts"]
        assert sorted(told) == ["fire", "food"]  # each once, whatever counted later

    @ON_SQLITE
    async def test_what_is_denied_never_counts(self, scene):
        city, task = scene
        record = await submitted(city, task)
        food = officer(city, FOOD)
        answer = await say(food, record, "deny", reason="当天我不在现场")
        record = answer.json()
        assert (answer.status_code, record["state"]) == (200, "not_written_back")
        assert states(record) == {"fire": "not_confirmed", "food": "not_confirmed"}
        assert record["officers"][1]["reason"] == "当天我不在现场"
        assert await of_state(city, "not_written_back") == [record["id"]]
        assert await of_state(city, WAITS) == await of_state(city, "written_back") == []
        record = (await say(food, record)).json()  # he was wrong, and says so
        assert record["state"] == "submitted"
        assert record["officers"][1]["reason"] is None
        answer = await say(food, record, "deny", reason="当天我不在现场")
        assert (answer.status_code, answer.json()["code"]) == (409, "inspection.already_handed_on")

    @ON_SQLITE
    async def test_a_denial_of_one_leaves_what_two_others_saw(self, scene):
        city, task = scene
        officers = [{"certificate_no": f"ZJ-000{n}"} for n in (1, 2, 3)]
        results = [result("fire", by=FIRE), result("food", by=FOOD)]
        record = await submitted(city, task, officers=officers, results=results)
        await say(officer(city, FOOD), record, "deny", reason="不是我认定的")
        record = (await say(officer(city, "ZJ-0003"), record)).json()
        assert states(record)["food"] == "not_confirmed"
        assert states(record)["fire"] in {"pending", "delivered"}
        async with asyncio.timeout(10):
            while await of_state(city, "not_written_back") != [record["id"]]:
                await asyncio.sleep(0.05)
        assert await of_state(city, "written_back") == []

    async def test_the_same_word_again_and_at_once_is_one(self, scene, departments):
        city, task = scene
        record = await submitted(city, task)
        food = officer(city, FOOD)
        answers = await asyncio.gather(*(say(food, record) for _ in range(10)))
        assert {a.status_code for a in answers} == {200}
        assert (await say(food, record)).status_code == 200
        async with asyncio.timeout(10):
            while await of_state(city, "written_back") != [record["id"]]:
                await asyncio.sleep(0.05)
        sent = [m["message"].get("inspection_id") for m in departments.received("food")]
        assert sent.count(record["id"]) == 1


class TestPersons:
    """A word is a person's, whatever becomes of his certificate."""

    async def people(self, city):
        system = city.caller("system-1", Role.SYSTEM_ADMINISTRATOR, region="000000")
        rows = (await system.get("/v1/people?limit=200")).json()["items"]
        found = {row["certificate_no"]: row for row in rows if row["certificate_no"]}
        return system, found

    async def change(self, system, row, **changes):
        kept = ("name", "unit", "certificate_no", "certificate_from", "certificate_to", "subject")
        body = {name: row[name] for name in kept} | changes
        answer = await system.put(f"/v1/people/{row['person_id']}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @ON_SQLITE
    async def test_whoever_holds_the_certificate_later_says_nothing(self, scene):
        city, task = scene
        system, found = await self.people(city)
        first = await self.change(system, found[FOOD], subject="inspector-2")
        record = await submitted(city, task)
        nothing = dict.fromkeys(("certificate_no", "certificate_from", "certificate_to"))
        await self.change(system, first, **nothing)
        heir = {
            "name": "另一人",
            "subject": "heir-1",
            "unit": first["unit"],
            "certificate_no": FOOD,
            "certificate_from": "2020-01-01",
            "certificate_to": "2099-12-31",
        }
        assert (await system.post("/v1/people", json=heir)).status_code == 201
        other = city.caller("heir-1", Role.INSPECTOR, department="food", certificate_no=FOOD)
        assert (await say(other, record)).status_code == 404
        assert (await other.get(f"/v1/inspections/{record['id']}")).status_code == 404
        assert (await other.get("/v1/inspections")).json()["items"] == []
        assert (await other.get("/v1/inbox")).json()["items"] == []
        # the one who was there has no certificate today
        own = city.caller("inspector-2", Role.INSPECTOR, department="food")
        assert len((await own.get("/v1/inspections?waiting=true")).json()["items"]) == 1
        (notice,) = (await own.get("/v1/inbox")).json()["items"]
        assert notice["about"]["id"] == record["id"]
        record = (await say(own, record)).json()
        assert record["state"] == "submitted"

    @ON_SQLITE
    async def test_a_certificate_is_no_second_person(self, scene):
        city, task = scene
        system, found = await self.people(city)
        await self.change(system, found[FOOD], subject="inspector-2")
        record = await submitted(city, task)
        thief = city.caller("inspector-9", Role.INSPECTOR, department="food", certificate_no=FOOD)
        assert (await say(thief, record)).status_code == 404
        sent = await thief.put(f"/v1/inspections/{an_id()}", json=an_inspection(task))
        assert sent.json()["code"] == "inspection.not_on_visit"

    @ON_SQLITE
    async def test_all_that_was_said_stays_written(self, scene):
        city, task = scene
        record, food = await submitted(city, task), officer(city, FOOD)
        await say(food, record, "deny", reason="他没有去，我被要求签字")
        await say(food, record, "deny", reason="记错了日期")
        await say(food, record)
        with city.app.state.database.read() as session:
            rows = attendances_of(session, [record["id"]])[record["id"]]
        said = [(w["state"], w["reason"]) for w in rows[1].words]
        assert said == [
            ("denied", "他没有去，我被要求签字"),
            ("denied", "记错了日期"),
            ("confirmed", None),
        ]
        leaders = (await city.leader.get("/v1/inbox")).json()["items"]
        assert [n["kind"] for n in leaders].count("record.denied") == 1

    async def test_a_department_is_told_of_those_who_were_there(self, scene, departments):
        city, task = scene
        officers = [{"certificate_no": f"ZJ-000{n}"} for n in (1, 2, 3)]
        record = await submitted(city, task, officers=officers, results=[result("fire")])
        await say(officer(city, FOOD), record, "deny", reason="不在现场")
        await say(officer(city, "ZJ-0003"), record)
        async with asyncio.timeout(10):
            while await of_state(city, "written_back") != [record["id"]]:
                await asyncio.sleep(0.05)
        received = [m["message"] for m in departments.received("fire")]
        message = next(m for m in received if m.get("inspection_id") == record["id"])
        assert [o["certificate_no"] for o in message["officers"]] == ["ZJ-0001", "ZJ-0003"]
        sheet = (await city.supervisor.get("/v1/records.csv")).text
        (line,) = csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff")))
        assert (line["officers"], line["officers_unconfirmed"]) == ("ZJ-0001、ZJ-0003", "ZJ-0002")
        assert line["write_back"] == "delivered"
        tax = city.caller("s-3", Role.SUPERVISOR, department="fire", region="000000")
        (seen,) = (await tax.get("/v1/records")).json()["items"]
        assert [o["reason"] for o in seen["officers"]] == [None] * 3

    @ON_SQLITE
    async def test_what_counts_is_told_of_and_not_taken_back_also_where_nobody_is_connected(
        self, scene
    ):
        city, task = scene
        record = await submitted(city, task, results=[result("health")])
        record = (await say(officer(city, FOOD), record)).json()
        assert states(record) == {"health": "not_connected"}
        inbox = (await city.supervisor.get("/v1/inbox")).json()["items"]
        assert [n["kind"] for n in inbox] == ["record.counts"]
        answer = await say(officer(city, FIRE), record, "deny", reason="点错了按钮")
        assert answer.json()["code"] == "inspection.already_handed_on"

    @ON_SQLITE
    async def test_a_department_that_is_connected_meanwhile_receives_it(self, scene):
        city, task = scene
        manager = city.manager("fire")
        await manager.post("/v1/adapters/fire:suspend", json={"reason": "维护升级"})
        record = await submitted(city, task, results=[result("fire")])
        assert states(record) == {"fire": WAITS}
        await manager.post("/v1/adapters/fire:resume", json={"reason": "维护升级"})
        record = (await say(officer(city, FOOD), record)).json()
        assert states(record)["fire"] in {"pending", "delivered"}

    @ON_SQLITE
    async def test_a_word_that_is_wanted_again_is_asked_for_again(self, scene):
        city, task = scene
        record = await submitted(city, task)
        await say(officer(city, FIRE), record, "deny", reason="点错了按钮")
        await say(officer(city, FIRE), record)
        inbox = (await officer(city, FOOD).get("/v1/inbox")).json()["items"]
        assert [n["kind"] for n in inbox] == ["record.confirmation_wanted"] * 2
        with city.app.state.database.read() as session:
            ((found, waiting),) = unconfirmed(session, datetime.now(UTC) - timedelta(minutes=1))
            assert found.wanted_since > found.submitted_at
            assert len(waiting) == 1


@ON_SQLITE
class TestRefused:
    async def test_strangers_learn_nothing(self, scene):
        city, task = scene
        record = await submitted(city, task)
        answers = [
            await say(officer(city, "ZJ-0003"), record),
            await say(city.leader, record),
            await say(officer(city, FOOD), {**record, "id": an_id()}),
        ]
        told = [(a.status_code, a.json()["code"]) for a in answers]
        assert told == [(404, "inspection.unknown")] * 3
        answer = await say(city.supervisor, record)
        assert answer.status_code == 403

    async def test_two_officers_are_two_people(self, scene):
        city, task = scene
        record = await submitted(city, task)
        same = city.caller(
            "inspector-1", Role.INSPECTOR, department="food", certificate_no=FOOD, region="000000"
        )
        answer = await say(same, record)
        assert (answer.status_code, answer.json()["code"]) == (403, "inspection.same_person")

    @pytest.mark.parametrize(
        ("word", "changes", "code"),
        [
            ("confirm", {"digest": "sha-256:" + "0" * 64}, "inspection.digest_other"),
            ("confirm", {"digest": "0"}, "request.invalid"),
            ("deny", {}, "request.invalid"),
            ("deny", {"reason": "    "}, "request.invalid"),
            ("deny", {"reason": "a\x00bcd"}, "request.invalid"),
            ("confirm", {"present": True}, "request.invalid"),
        ],
    )
    async def test_a_word_is_of_what_was_read(self, scene, word, changes, code):
        city, task = scene
        record = await submitted(city, task)
        answer = await say(officer(city, FOOD), record, word, **changes)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


class TestOwnRecords:
    async def test_pages_of_what_names_me_and_what_waits(self, scene):
        city, task = scene
        ids = [(await submitted(city, task))["id"] for _ in range(5)]
        food, found, cursor = officer(city, FOOD), [], None
        for size in itertools.repeat(2, 3):
            params = {"limit": size, "waiting": True, **({"cursor": cursor} if cursor else {})}
            page = (await food.get("/v1/inspections", params=params)).json()
            found += [record["id"] for record in page["items"]]
            cursor = page["next_cursor"]
        assert found == ids[::-1]
        assert cursor is None
        await say(food, (await food.get(f"/v1/inspections/{ids[0]}")).json())
        waiting = (await food.get("/v1/inspections?waiting=true")).json()["items"]
        assert [record["id"] for record in waiting] == ids[:0:-1]
        assert len((await food.get("/v1/inspections")).json()["items"]) == 5
        assert (await officer(city, "ZJ-0003").get("/v1/inspections")).json()["items"] == []
        nobody = city.caller("inspector-9", Role.INSPECTOR, region="000000")
        assert (await nobody.get("/v1/inspections")).json()["items"] == []


def test_every_word_of_three_officers():
    """Of all that three can say: nothing counts without two, and nothing against the word of whoever concluded it."""
    for said in itertools.product(("pending", "confirmed", "denied"), repeat=3):
        presence = Presence(dict(zip("abc", said, strict=True)), 2)
        counting = presence.counting("a")
        there, gone = said.count("confirmed"), said.count("denied")
        if said[0] == "denied" or gone > 1:
            assert counting == "not_confirmed"
        elif said[0] == "confirmed" and there >= 2:
            assert counting == "counts"
        else:
            assert counting == WAITS
    assert Presence({}, 2).counting("a") == "counts"  # a record of before
    assert Presence({}, 2).of("a") == "not_asked"
    assert overall(["counts", WAITS, "not_confirmed"]) == "pending"
    assert overall(["counts", "not_confirmed"]) == "denied"
    assert overall(["counts"]) == overall([]) == "settled"
