"""Supervisors pull records: pages, streams, spreadsheets, scope."""

import asyncio
import csv
import io
import json
import re
from dataclasses import replace

import pytest

from app.core.deps import SETTINGS
from app.core.pagination import decode_cursor
from app.organisations.errors import PersonEnded
from app.supervision.repository import Filter
from app.supervision.routes import pulled
from auth.principal import Principal, Role
from tests.builders.inspections import an_id, an_inspection, confirm

BUSINESS = "91310115MA1YYY024Y"


@pytest.fixture
async def scene(city):
    return city, await city.task(BUSINESS)


async def delivered(city, record_id, count=2):
    async with asyncio.timeout(10):
        while True:
            record = (await city.inspector.get(f"/v1/inspections/{record_id}")).json()
            if sum(w["state"] == "delivered" for w in record["write_back"]) == count:
                return record
            await asyncio.sleep(0.05)


def result(**changes):
    return {
        "department": "food",
        "item_code": "F-1",
        "mode": "observed",
        "result": "conform",
        **changes,
    }


class TestPulls:
    async def fill(self, city, count=5):
        task = await city.task(BUSINESS)
        ids = [an_id() for _ in range(count)]
        for record_id in ids:
            response = await city.inspector.put(
                f"/v1/inspections/{record_id}", json=an_inspection(task)
            )
            assert response.status_code == 201
            await confirm(city, response.json())
        return ids

    async def test_pages_follow_each_other_and_end(self, city):
        ids = await self.fill(city)
        found, cursor = [], None
        while True:
            page = (
                await city.supervisor.get(
                    "/v1/records", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
                )
            ).json()
            found += [r["id"] for r in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == ids

    async def test_the_last_one_first_is_the_same_backwards_with_how_many_follow(self, city):
        ids = await self.fill(city)
        found, left, cursor = [], [], None
        asked = {"limit": 2, "newest": True, "remaining": True}
        while cursor is not None or not found:
            more = {"cursor": cursor} if cursor else {}
            page = (await city.supervisor.get("/v1/records", params={**asked, **more})).json()
            found += [r["id"] for r in page["items"]]
            left.append((page["remaining"], page["remaining_is_least"]))
            assert page["resume_cursor"] is None
            cursor = page["next_cursor"]
        assert found == ids[::-1]
        assert left == [(3, False), (1, False), (0, False)]
        lines = (await city.supervisor.get("/v1/records.ndjson?newest=true")).text.splitlines()
        assert [json.loads(line).get("id") for line in lines] == [*ids[::-1], None]
        assert json.loads(lines[-1]) == {"resume_cursor": None}

    async def test_more_than_are_counted_are_not_counted(self, city, monkeypatch):
        await self.fill(city)
        monkeypatch.setattr("app.supervision.service.COUNTED", 2)
        params = {"limit": 1, "remaining": True}
        page = (await city.supervisor.get("/v1/records", params=params)).json()
        assert (page["remaining"], page["remaining_is_least"]) == (2, True)
        plain = (await city.supervisor.get("/v1/records", params={"limit": 1})).json()
        assert plain["remaining"] is None

    async def test_by_region_and_by_who_was_there(self, city):
        (record_id,) = await self.fill(city, 1)

        async def ids(caller, **params):
            answer = await caller.get("/v1/records", params={"remaining": True, **params})
            return [r["id"] for r in answer.json()["items"]]

        nation = city.supervisor
        for region, seen in (
            ("310115", True),
            ("310000", True),
            ("000000", True),
            ("330100", False),
        ):
            assert (await ids(nation, region=region) == [record_id]) is seen, region
        county = city.caller("s", Role.SUPERVISOR, region="310115")
        assert await ids(county, region="310000") == [record_id]
        assert await ids(county, region="330106") == []
        assert await ids(city.caller("s", Role.SUPERVISOR, region="330106"), region="310115") == []
        assert await ids(nation, officer="ZJ-0001") == [record_id]
        assert await ids(nation, officer="ZJ-9999") == []
        food = city.caller("s", Role.SUPERVISOR, department="food", region="000000")
        assert await ids(food, officer="ZJ-0001") == [record_id]

    async def test_a_cursor_of_a_release_before_still_fits(self, city):
        """What is new to ask for is in no cursor that does not ask for it."""
        await self.fill(city, 2)
        before = "department business_id result state since until only_department"
        asked = dict.fromkeys(before.split())
        page = (await city.supervisor.get("/v1/records", params={"limit": 1})).json()
        assert (
            decode_cursor(
                SETTINGS.of(city.app).keys, page["next_cursor"], {"region_prefix": "", **asked}
            )
            > 0
        )

    async def test_a_cursor_of_another_query_is_refused(self, city):
        await self.fill(city, 3)
        cursor = (await city.supervisor.get("/v1/records", params={"limit": 1})).json()[
            "next_cursor"
        ]
        response = await city.supervisor.get(
            "/v1/records", params={"limit": 1, "cursor": cursor, "result": "conform"}
        )
        assert (response.status_code, response.json()["code"]) == (422, "request.cursor_invalid")

    async def test_region_and_department_of_the_token_bound_what_is_seen(self, city):
        await self.fill(city, 1)
        counts = []
        for claims in (
            {"region": "310000"},
            {"region": "330000"},
            {"department": "fire", "region": "000000"},
            {"department": "customs", "region": "000000"},
        ):
            caller = city.caller("s", Role.SUPERVISOR, **claims)
            # Naming another department does not widen what the token allows.
            counts.append(
                len(
                    (await caller.get("/v1/records", params={"department": "fire"})).json()["items"]
                )
            )
        assert counts == [1, 0, 1, 0]

    async def test_a_department_sees_its_own_part_only(self, city):
        (record_id,) = await self.fill(city, 1)
        food = city.caller("s", Role.SUPERVISOR, department="food", region="000000")
        (record,) = (await food.get("/v1/records")).json()["items"]
        assert (
            {r["department"] for r in record["results"]}
            == {w["department"] for w in record["write_back"]}
            == {"food"}
        )
        assert (
            "FIRE-EXIT"
            not in (await food.get("/v1/records.csv")).text
            + (await food.get("/v1/records.ndjson")).text
        )
        shown = (await food.get(f"/v1/inspections/{record_id}")).json()
        assert (
            {r["department"] for r in shown["results"]}
            == {w["department"] for w in shown["write_back"]}
            == {"food"}
        )
        tax = city.caller("s", Role.SUPERVISOR, department="tax")
        assert (await tax.get(f"/v1/inspections/{record_id}")).status_code == 404

    async def test_a_mistyped_filter_does_not_return_everything(self, city):
        response = await city.supervisor.get("/v1/records", params={"departmet": "tax"})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (
            422,
            "/query/departmet",
        )

    async def test_a_pull_is_resumed_where_it_ended(self, city):
        await self.fill(city, 2)
        cursor = (await city.supervisor.get("/v1/records")).json()["resume_cursor"]
        (new,) = await self.fill(city, 1)
        page = (await city.supervisor.get("/v1/records", params={"cursor": cursor})).json()
        assert [r["id"] for r in page["items"]] == [new]

    @pytest.mark.parametrize(
        ("params", "count"),
        [
            ({"result": "nonconform"}, 1),
            ({"result": "not_checked"}, 0),
            ({"department": "food", "result": "conform"}, 1),
            ({"department": "food", "result": "nonconform"}, 0),
            ({"business_id": BUSINESS}, 1),
            ({"business_id": BUSINESS.lower()}, 1),
            ({"business_id": "91110105MA0YYY014T"}, 0),
            ({"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}, 1),
            ({"since": "2100-01-01T00:00:00Z"}, 0),
        ],
    )
    async def test_filters(self, city, params, count):
        await self.fill(city, 1)
        assert (
            len((await city.supervisor.get("/v1/records", params=params)).json()["items"]) == count
        )

    async def test_state_follows_the_receipts(self, city, departments):
        departments.set("food", "down")
        (record_id,) = await self.fill(city, 1)
        assert (
            len(
                (await city.supervisor.get("/v1/records", params={"state": "submitted"})).json()[
                    "items"
                ]
            )
            == 1
        )
        departments.set("food", "ok")
        await delivered(city, record_id)
        done = (await city.supervisor.get("/v1/records", params={"state": "written_back"})).json()[
            "items"
        ]
        assert [r["id"] for r in done] == [record_id]

    async def test_streams_carry_everything_and_start_no_formula(self, city):
        ids = await self.fill(city, 3)
        *lines, last = (await city.supervisor.get("/v1/records.ndjson")).text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == ids
        cursor = json.loads(last)["resume_cursor"]
        resumed = await city.supervisor.get("/v1/records.ndjson", params={"cursor": cursor})
        assert [list(json.loads(line)) for line in resumed.text.splitlines()] == [["resume_cursor"]]
        response = await city.supervisor.get("/v1/records.csv")
        assert response.headers["content-disposition"].startswith("attachment")
        rows = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
        assert len(rows) == 6
        assert rows[0]["note"] == "'=cmd|' /C calc'!A0"

    async def test_every_pull_is_traced(self, city):
        await self.fill(city, 1)
        for path in ("/v1/records", "/v1/records.ndjson", "/v1/records.csv"):
            await city.supervisor.get(path)
        entries = (
            await city.auditor.get(
                "/v1/audit/entries", params={"event": "supervision.records.pulled"}
            )
        ).json()["items"]
        assert [e["object_ref"] for e in entries] == ["page", "ndjson", "csv"]


@pytest.mark.parametrize(
    "text", ["=1", "+1x", "-x", "@x", "\t=1", "\r=1", " =1", "＝1", "\u3000＋1", "\x00=1"]
)
def test_cells_that_could_start_a_formula_are_defused(text):
    from app.supervision.csv_safety import safe_cell

    assert safe_cell(text).startswith("'")
    assert "\x00" not in safe_cell(text)


def test_other_cells_are_left_alone():
    from app.supervision.csv_safety import safe_cell

    assert [safe_cell(v) for v in (None, 7, -5, "+1.5", "330100", "名称", "a=b")] == [
        "",
        "7",
        "-5",
        "+1.5",
        "330100",
        "名称",
        "a=b",
    ]


async def test_a_hundred_pulls_and_records_at_once_all_come_to_an_end(scene):
    """Pulls wait for the trace, the trace for the writer, the writer for a thread: none may hold what another waits for."""
    city, task = scene
    inspector, supervisor = city.inspector, city.supervisor

    async def done(send):
        """As a client does it: who is told to come again comes again."""
        while (answer := await send()).status_code == 503:
            await asyncio.sleep(int(answer.headers["Retry-After"]))
        return answer

    def put():
        path, body = f"/v1/inspections/{an_id()}", an_inspection(task)
        return lambda: inspector.put(path, json=body)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        gets = [lambda: supervisor.get("/v1/records")] * 60
        pulls = [group.create_task(done(get)) for get in gets]
        puts = [group.create_task(done(put())) for _ in range(90)]
        gets = [lambda: supervisor.get("/v1/records.csv")] * 20
        pulls += [group.create_task(done(get)) for get in gets]
    assert {t.result().status_code for t in pulls} == {200}
    assert {t.result().status_code for t in puts} == {201}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/records?since=0001-01-01T00:00:00%2B14:00", 422),
        ("/v1/records?until=9999-12-31T23:59:59-14:00", 422),
        ("/v1/records?business_id=%00", 422),
        ("/v1/records?business_id=91110105MA0YYY014U", 422),
        ("/v1/records?department=%00", None),
    ],
)
async def test_odd_filters_are_refused_or_find_nothing(gateway, path, status):
    response = await gateway.supervisor.get(path)
    assert response.status_code in ({status} if status else {200, 422})
    assert response.json().get("items", []) == []


async def test_a_spreadsheet_has_local_times_words_and_only_what_fits(scene):
    city, task = scene
    rows = [
        result(department="fire", item_code="F-A", result="nonconform"),
        result(department="fire", item_code="F-B"),
        result(department="food", item_code="F-C"),
    ]
    await city.inspector.put(f"/v1/inspections/{an_id()}", json=an_inspection(task, results=rows))

    async def sheet(query, **headers):
        text = (await city.supervisor.get(f"/v1/records.csv?{query}", headers=headers)).text
        return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))

    assert [r["item_code"] for r in await sheet("result=nonconform")] == ["F-A"]
    assert [r["item_code"] for r in await sheet("department=food")] == ["F-C"]
    (line,) = await sheet("department=food")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", line["submitted_at"])
    (line,) = await sheet("department=food", **{"Accept-Language": "zh-CN"})
    assert (line["部门"], line["部门（名称）"], line["结果（文字）"]) == (
        "food",
        "食品安全（市场监管）",
        "符合",
    )
    *_, last = await sheet("cursor=")
    cursor = last["state"]
    assert (last["id"], len(await sheet(f"cursor={cursor}"))) == ("#cursor", 1)


async def test_a_plus_sign_lost_in_an_address_is_named_once(city):
    refused = await city.supervisor.get("/v1/records?since=2020-01-01T00:00:00+08:00")
    errors = refused.json()["errors"]
    assert [(e["pointer"], e["code"]) for e in errors] == [("/query/since", "plus_lost")]
    assert "%2B" in errors[0]["text"]["zh"]


def test_a_stream_reads_only_as_long_as_its_reader_may(database):
    """Before each transaction: a role that ended breaks it off, without its last line."""
    reader = Principal("s", frozenset({Role.SUPERVISOR}), None, "000000")
    for roles, ends in ((reader.roles, False), (frozenset(), True)):
        now = replace(reader, roles=roles)
        pull = pulled(
            reader, database, Filter(""), (0, lambda _last: None), lambda _p, now=now: now
        )
        if ends:
            with pytest.raises(PersonEnded):
                list(pull)
        else:
            assert list(pull) == []
