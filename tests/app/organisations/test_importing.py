"""Lists of people: what spreadsheets make of them, what is refused, what is taken back."""

import asyncio
from datetime import date

import pytest
from sqlalchemy import text

from app.core.deps import DATABASE
from app.core.snapshots import Revision
from app.organisations.importing.table import read_table
from app.organisations.people import new_snapshot
from auth.principal import Role
from tests.app.organisations.test_people import SECURITY, SYSTEM, People, first
from tests.fixtures.databases import ON_SQLITE
from tests.fixtures.gateway import running

HEAD = "姓名,单位编号,登录标识,执法证号,有效期起,有效期止"
WANG = "王芳,fire-city,wang,ZJ-1,2026/1/1,2030年12月31日"
CSV = {"Content-Type": "text/csv"}


def faults_of(raw, most=100):
    table = read_table(raw if isinstance(raw, bytes) else raw.encode(), most)
    return [(fault.pointer, fault.code) for fault in table.faults]


def one(raw):
    table = read_table(raw if isinstance(raw, bytes) else raw.encode(), 100)
    assert table.faults == ()
    (line,) = table.lines
    return line


class TestTable:
    @pytest.mark.parametrize(
        "raw",
        [
            f"{HEAD}\n{WANG}\n".encode(),
            f"{HEAD}\r\n{WANG}\r\n".encode("utf-8-sig"),
            f"{HEAD}\r{WANG}".encode("gb18030"),
            f"{HEAD}\n{WANG}\n".replace(",", "\t").encode("utf-16"),
            f"sep=;\n{HEAD}\n{WANG}\n".replace(",", ";").encode(),
            f"\n{HEAD}\n,,,,,\n{WANG},,\n".replace(",", "，").encode(),
            "Name,Unit,Subject,Certificate No*,certificate from,certificate_to（必填）\n"
            '王芳,fire-city,wang,="ZJ-1",20260101,2030-12-31 00:00:00\n'.encode(),
            f"{HEAD}\n王芳 ,fire-city,'wang,'ZJ-1,2026.01.01,2030/12/31\n".encode(),
            f"{HEAD}\n王芳,fire-city,wang,ＺＪ-1,2026-1-1,2030-12-31\n".encode(),
            f"\ufeff{HEAD}\n{WANG}\n\x1a".encode("gb18030"),
            f"{HEAD}\n{WANG}\n".replace("姓名", "姓　名")
            .replace("有效期止", '"有效\n期止"')
            .encode(),
            f"{HEAD}\n{WANG}\n".replace("wang", "wang\u200b").encode(),
        ],
    )
    def test_one_person_however_a_spreadsheet_writes_him(self, raw):
        person = one(raw).person
        assert (person.name, person.unit, person.subject) == ("王芳", "fire-city", "wang")
        assert (person.certificate_no, person.certificate_from, person.certificate_to) == (
            "ZJ-1",
            date(2026, 1, 1),
            date(2030, 12, 31),
        )

    def test_lines_are_counted_as_a_spreadsheet_counts_them(self):
        raw = f'{HEAD}\n\n"王\n芳",fire-city,,,,\n李\x0b四,,,,,\n'
        assert faults_of(raw) == [("/lines/4/unit", "missing")]
        assert faults_of(f"sep=,\n{HEAD}\n王芳,,,,,\n") == [("/lines/2/unit", "missing")]

    @pytest.mark.parametrize(
        ("raw", "fault"),
        [
            (b"", ("/lines/1", "csv_empty")),
            (b" \r\n \r\n", ("/lines/1", "csv_empty")),
            (HEAD, ("/lines/1", "csv_empty")),
            (b"PK\x03\x04rest of a workbook", ("/lines", "csv_workbook")),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", ("/lines", "csv_workbook")),
            (b"\xff\xfe\x00", ("/lines", "csv_encoding")),
            (f"{HEAD}\n".encode() + b"\xff\xff\xff", ("/lines", "csv_encoding")),
            (f"{HEAD}\n王\x00芳,fire-city,,,,\n", ("/lines", "csv_unreadable")),
            (f'{HEAD}\n"王芳,fire-city,,,,\n', ("/lines", "csv_unreadable")),
            (f"{HEAD}\n{'王' * 140_000},fire-city,,,,\n", ("/lines", "csv_unreadable")),
            ("姓名,单位编号,手机\n王芳,fire-city,1\n", ("/lines/1/3", "heading_unknown")),
            ("姓名,单位编号,name\n王芳,fire-city,李四\n", ("/lines/1", "heading_twice")),
            ("姓名\n王芳\n", ("/lines/1", "heading_missing")),
            (f"{HEAD}\n{WANG},x\n", ("/lines/2", "cells_too_many")),
            (f"{HEAD}\n王芳,fire-city,,ZJ-1,长期,2030-1-1\n", ("/lines/2/certificate_from", "date_parsing")),
            (f"{HEAD}\n王芳,fire-city,,ZJ-1,45658,2030-1-1\n", ("/lines/2/certificate_from", "date_parsing")),
            (f"{HEAD}\n王芳,fire-city,,ZJ-1,2026-2-30,2030-1-1\n", ("/lines/2/certificate_from", "date_from_datetime_parsing")),
            (f"{HEAD}\n王芳,fire-city,,3.3E+14,2026-1-1,2030-1-1\n", ("/lines/2/certificate_no", "number_shortened")),
            (f"{HEAD}\n王芳,fire-city,,ZJ-1,,\n", ("/lines/2", "certificate_incomplete")),
            (f"{HEAD}\n王芳,fire-city,,ZJ-1,2030-1-1,2026-1-1\n", ("/lines/2", "dates_out_of_order")),
            (f"{HEAD}\n{'王' * 81},fire-city,,,,\n", ("/lines/2/name", "string_too_long")),
            (f"{HEAD}\n{WANG}\n李四,fire-city,wang,,,\n", ("/lines/3/subject", "line_twice")),
            (f"{HEAD}\n{WANG}\n李四,fire-city,,zj-1 ,2026/1/1,2027/1/1\n".replace("zj", "ZJ"), ("/lines/3/certificate_no", "line_twice")),
            ("姓名,单位\n王芳,a\n王芳,a\n", ("/lines/3/name", "line_twice")),
            ("姓名,单位\n" + "王芳,a\n" * 101, ("/lines", "too_long")),
        ],
    )  # fmt: skip
    def test_every_fault_is_named_where_it_stands(self, raw, fault):
        assert faults_of(raw) == [fault]

    def test_every_bad_line_is_named_and_the_good_ones_are_read(self):
        table = read_table(f"{HEAD}\n王芳,,,,,\n{WANG}\n李四,,,A,x,\n".encode(), 100)
        assert [line.number for line in table.lines] == [3]
        assert {fault.pointer for fault in table.faults} == {
            "/lines/2/unit",
            "/lines/4/certificate_from",
        }


@pytest.fixture
async def house(database_url, settings_for, issuer):
    audit = ("audit-1", Role.AUDIT_ADMINISTRATOR)
    first(database_url, ("system-1", SYSTEM), ("security-1", SECURITY), audit)
    async with running(settings_for(database_url, principals="directory"), issuer) as gateway:
        found = People(gateway)
        await found.unit()
        yield found


async def send(client, *lines, dry_run=False, head=HEAD, **more):
    content = "\n".join([head, *lines]).encode()
    params = {"dry_run": "true"} if dry_run else {}
    return await client.post(
        "/v1/people-imports", content=content, params=params, headers=CSV | more
    )


async def names(client):
    found = (await client.get("/v1/people?limit=200")).json()["items"]
    return sorted(person["name"] for person in found if person["name"] != "某")


class TestImport:
    @ON_SQLITE
    async def test_a_dry_run_names_each_bad_line_and_changes_nothing(self, house):
        lines = [WANG, "李四,nowhere,,,,", ",fire-city,,,,", "赵六,消防,zhao,,,"]
        tried = await send(house.system, *lines, dry_run=True)
        assert tried.status_code == 200, tried.text
        found = tried.json()
        assert (found["import_id"], found["lines"], found["added"]) == (None, 4, 0)
        assert [(f["line"], f["column"], f["code"]) for f in found["faults"]] == [
            (4, "name", "missing"),
            (3, "unit", "unit_not_there"),
        ]
        assert found["faults"][1]["text"]["zh"] == "单位不存在，或不在您的管辖范围"
        refused = await send(house.system, *lines)
        assert (refused.status_code, refused.json()["code"]) == (422, "people.import_faulty")
        assert [e["pointer"] for e in refused.json()["errors"]] == [
            "/lines/4/name",
            "/lines/3/unit",
        ]
        good = await send(house.system, lines[0], lines[3], dry_run=True)
        assert (good.json()["added"], good.json()["faults"]) == (2, [])
        assert await names(house.system) == []

    async def test_it_is_taken_over_whole_and_again_adds_nobody(self, house):
        lines = [WANG, "赵六,消防,zhao,,,", "张三,fire-city,,,,"]
        done = (await send(house.system, *lines)).json()
        assert (done["added"], done["known"]) == (3, 0)
        assert await names(house.system) == ["张三", "王芳", "赵六"]
        again = (await send(house.system, *lines)).json()
        assert (again["added"], again["known"], again["import_id"]) == (0, 3, None)
        other = await send(house.system, WANG.replace("王芳", "汪芳"))
        assert [(e["pointer"], e["code"]) for e in other.json()["errors"]] == [
            ("/lines/2/subject", "person_registered"),
            ("/lines/2/certificate_no", "person_registered"),
        ]
        listed = (await house.system.get("/v1/people-imports")).json()["items"]
        assert [(one["import_id"], one["added"]) for one in listed] == [(done["import_id"], 3)]
        entries = [e["event"] for e in await self.entries(house)]
        assert entries.count("organisations.person.registered") == 3
        assert entries.count("organisations.people.imported") == 1

    async def entries(self, house):
        auditor = house.gateway.caller("audit-1", Role.AUDIT_ADMINISTRATOR)
        await asyncio.sleep(1.1)
        return (await auditor.get("/v1/audit/entries?limit=200")).json()["items"]

    async def test_who_was_added_may_call_once_he_has_a_role_and_not_after_the_undoing(self, house):
        done = (await send(house.system, WANG)).json()["import_id"]
        wang = house.gateway.caller("wang", Role.INSPECTOR, department="fire")
        assert (await wang.get("/v1/me")).status_code == 403
        undone = await house.system.post(f"/v1/people-imports/{done}:undo")
        assert (undone.status_code, undone.json()["undone_by"]) == (200, "system-1")
        assert await names(house.system) == []
        second = await house.system.post(f"/v1/people-imports/{done}:undo")
        assert (second.status_code, second.json()["code"]) == (409, "people.import_undone")
        again = (await send(house.system, WANG)).json()
        assert again["added"] == 1
        person = (await house.system.get("/v1/people?name=王芳")).json()["items"][0]["person_id"]
        assert (await house.grant(person, "inspector")).status_code == 201
        assert (await wang.get("/v1/me")).json()["roles"] == ["inspector"]
        used = await house.system.post(f"/v1/people-imports/{again['import_id']}:undo")
        assert (used.status_code, used.json()["code"]) == (409, "people.import_used")
        assert used.json()["detail"] == "1 of 1 people."

    @ON_SQLITE
    async def test_of_whom_a_unit_was_moved_away_nobody_is_taken_back(self, house):
        await house.unit("fire-moved")
        done = (await send(house.system, "张三,fire-moved,,,,")).json()["import_id"]
        with DATABASE.of(house.gateway.app).write() as session:
            session.execute(text("UPDATE units SET region='330200' WHERE id='fire-moved'"))
        used = await house.system.post(f"/v1/people-imports/{done}:undo")
        assert (used.status_code, used.json()["code"]) == (409, "people.import_used")

    @ON_SQLITE
    async def test_a_unit_by_its_name_is_one_unit(self, house):
        await house.unit("fire-second")
        found = (await send(house.system, "张三,消防,,,,", dry_run=True)).json()["faults"]
        assert [fault["code"] for fault in found] == ["unit_ambiguous"]
        assert (await send(house.system, "张三,fire-second,,,,", dry_run=True)).json()["added"] == 1

    @ON_SQLITE
    async def test_whoever_was_changed_is_not_taken_back(self, house):
        done = (await send(house.system, WANG)).json()["import_id"]
        person = (await house.system.get("/v1/people?name=王芳")).json()["items"][0]
        body = {"name": "汪芳", "unit": "fire-city", "subject": person["subject"]}
        assert (await house.system.put(f"/v1/people/{person['person_id']}", json=body)).is_success
        used = await house.system.post(f"/v1/people-imports/{done}:undo")
        assert (used.status_code, used.json()["code"]) == (409, "people.import_used")

    async def test_no_process_keeps_whom_a_list_took_back(self, house):
        database, known = DATABASE.of(house.gateway.app), new_snapshot()

        def brought():
            with database.read() as session:
                known.bring(session, session.get(Revision, known.name).number)
            return known.value.by_subject.keys() & {"wang", "system-1"}

        done = (await send(house.system, WANG)).json()["import_id"]
        assert brought() == {"wang", "system-1"}
        assert (await house.system.post(f"/v1/people-imports/{done}:undo")).is_success
        assert brought() == {"system-1"}

    async def test_nobody_is_added_twice_who_has_no_number(self, house):
        lines = ["张三,fire-city,,,,", "张三,消防,,,,"]
        done = (await send(house.system, *lines)).json()
        assert (done["added"], done["known"]) == (1, 1)
        answers = await asyncio.gather(
            *(send(house.system, "李四,fire-city,,,,") for _ in range(4))
        )
        assert sorted(answer.json()["added"] for answer in answers) == [0, 0, 0, 1]

    @ON_SQLITE
    async def test_a_suspended_person_or_unit_is_not_just_so(self, house):
        await send(house.system, WANG)
        person = (await house.system.get("/v1/people?name=王芳")).json()["items"][0]["person_id"]
        await house.system.post(f"/v1/people/{person}:suspend")
        again = await send(house.system, WANG, dry_run=True)
        assert {f["code"] for f in again.json()["faults"]} == {"person_registered"}
        await house.system.post("/v1/units/fire-city:suspend")
        again = await send(house.system, "张三,fire-city,,,,", dry_run=True)
        assert {f["code"] for f in again.json()["faults"]} == {"unit_not_there"}
        tried = [e["event"] for e in await self.entries(house)]
        assert tried.count("organisations.people.import_tried") == 2

    @ON_SQLITE
    async def test_only_whoever_registers_people_and_only_a_list(self, house):
        answer = await send(house.security, WANG)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.permission_missing")
        foreign = await house.system.post("/v1/people-imports", json={"name": "王芳"})
        assert (foreign.status_code, foreign.json()["code"]) == (415, "request.media_type")
        missing = "00000000-0000-0000-0000-000000000000"
        unknown = await house.system.post(f"/v1/people-imports/{missing}:undo")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "people.import_unknown")

    @ON_SQLITE
    async def test_a_data_manager_adds_people_of_his_own_department_and_region(self, house):
        await house.unit("tax-city", "tax")
        await house.person("m-1", "data_manager")
        manager = house.gateway.caller("m-1", Role.DATA_MANAGER, department="fire", region="330100")
        beyond = await send(manager, "张三,tax-city,,,,")
        assert [e["code"] for e in beyond.json()["errors"]] == ["unit_not_there"]
        done = (await send(manager, "张三,fire-city,,,,")).json()["import_id"]
        tax = await house.person("m-2", "data_manager", unit="tax-city")
        assert tax
        other = house.gateway.caller("m-2", Role.DATA_MANAGER, department="tax", region="330100")
        assert (await other.get("/v1/people-imports")).json()["items"] == []
        assert (await other.post(f"/v1/people-imports/{done}:undo")).status_code == 404
        assert (await manager.post(f"/v1/people-imports/{done}:undo")).status_code == 200

    async def test_a_long_list_is_taken_over_at_once_and_a_longer_one_refused(self, house):
        lines = [f"张{n},fire-city,s{n},Z-{n:05},2026-1-1,2030-1-1" for n in range(2001)]
        done = await send(house.system, *lines[:600])
        assert (done.status_code, done.json()["added"]) == (200, 600), done.text
        more = await send(house.system, *lines, dry_run=True)
        assert [fault["code"] for fault in more.json()["faults"]] == ["too_long"]
        undone = await house.system.post(f"/v1/people-imports/{done.json()['import_id']}:undo")
        assert undone.status_code == 200
        assert await names(house.system) == []
