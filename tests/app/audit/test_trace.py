"""No trace, no data: every look-up, refusal and record is durable before its answer leaves."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.audit import repository, tally
from app.audit.deps import REFUSALS
from app.audit.errors import AuditUnavailable
from app.audit.events import LONGEST, Event, canonical, reference
from app.audit.sequencer import Sequencer
from app.audit.service import Trail
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.deps import DATABASE
from app.core.keys import Keyring
from auth.principal import Role
from tests.fixtures.gateway import running

AT = datetime(2026, 11, 22, tzinfo=UTC)
BUSINESS = "91310115MA1YYY024Y"
_COUNT = "select count(*) from %s"


def trail():
    return Trail(Keyring(b"secret"), SystemClock())


class TestEntries:
    def test_the_form_is_canonical_and_holds_no_identity(self):
        body = canonical(
            Event("profile.business.viewed", actor="wang", subject=BUSINESS, departments=("tax",)),
            b"secret",
            AT,
        )
        assert body == json.dumps(
            json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        assert "wang" not in body
        assert BUSINESS not in body
        assert json.loads(body)["actor_ref"] == reference(b"secret", "actor", "wang", 2026)

    @pytest.mark.parametrize("field", ["unit", "role", "purpose", "object_ref", "filter"])
    def test_a_claim_of_any_length_becomes_a_digest(self, field):
        body = canonical(Event("a.b.c", actor="x", **{field: "部" * 5000}), b"secret", AT)
        assert len(body) < LONGEST
        assert json.loads(body)[field].startswith("sha-256:")

    def test_references_are_of_one_year_one_kind_and_one_secret(self):
        found = {
            reference(b"secret", "actor", "x", 2026),
            reference(b"secret", "actor", "x", 2027),
            reference(b"secret", "subject", "x", 2026),
            reference(b"other", "actor", "x", 2026),
        }
        assert len(found) == 4
        assert reference(b"secret", "actor", "", 2026) == ""

    def test_an_entry_never_exceeds_its_size(self):
        digests = {f"section_{i}": "x" * 44 for i in range(60)}
        body = canonical(
            Event("profile.business.viewed", actor="x", source_digests=digests), b"s", AT
        )
        assert len(body.encode()) <= LONGEST
        assert json.loads(body)["source_digests"].startswith("sha-256:")
        many = tuple(f"department_{i}" for i in range(300))
        body = canonical(
            Event("profile.business.viewed", actor="x", source_digests=digests, departments=many),
            b"s",
            AT,
        )
        assert len(body.encode()) <= LONGEST


class TestAppendOnly:
    @pytest.mark.parametrize(
        "statement", ["update audit_entries set event = 'x'", "delete from audit_entries"]
    )
    def test_the_database_refuses_changes(self, database, statement):
        with database.write() as session:
            trail().append(session, Event("a.b.c", actor="x"))
        with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
            session.connection().execute(text(statement))

    def test_nor_is_an_entry_replaced(self, database):
        """SQLite's `INSERT OR REPLACE` deletes without any trigger of deletion."""
        with database.write() as session:
            entry = trail().append(session, Event("a.b.c", actor="x"))
        replace = "insert or replace" if database.is_sqlite else "insert"
        more = (
            ""
            if database.is_sqlite
            else " on conflict (id) do update set event = 'forged', body = '{}'"
        )
        for column, value in (("id", f"'{entry}'"), ("row", "1")):
            if column == "row" and not database.is_sqlite:
                continue
            other = "'other'" if column == "row" else "2"
            second = "id" if column == "row" else "row"
            with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
                session.connection().execute(
                    text(
                        f"{replace} into audit_entries ({column}, {second}, at, event, subject_ref,"
                        f" body) values ({value}, {other}, '2026-11-22', 'forged', '', '{{}}'){more}"
                    )
                )
        with database.read() as session:
            rows = session.connection().execute(text("select event from audit_entries")).all()
        assert [row[0] for row in rows] == ["a.b.c"]


def test_the_file_of_the_database_is_its_users_alone(tmp_path):
    for name, before in (("new.db", None), ("open.db", 0o666)):
        path = tmp_path / name
        if before is not None:
            path.touch()
            path.chmod(before)
        database = Database(f"sqlite:///{path}")
        with database.write() as session:
            session.connection().execute(text("create table t (a integer)"))
        modes = {p.name: oct(p.stat().st_mode & 0o777) for p in tmp_path.glob(f"{name}*")}
        database.dispose()
        assert set(modes.values()) == {"0o600"}, modes


class TestSequencer:
    async def test_one_entry_that_does_not_fit_fails_alone(self, database, monkeypatch, caplog):
        sequencer = Sequencer(database, trail())
        sequencer.start()
        first = trail().row(Event("a.b.c", actor="1"))
        rows = iter([first, first, *(trail().row(Event("a.b.c", actor=str(i))) for i in range(8))])

        monkeypatch.setattr(Trail, "row", lambda *_: next(rows))  # two entries have the same row
        with database.turn():  # so that all of them are one batch
            told = [
                asyncio.create_task(sequencer.append(Event("a.b.c", actor="x"))) for _ in range(10)
            ]
            await asyncio.sleep(0.1)
        found = await asyncio.gather(*told, return_exceptions=True)
        sequencer.stop()
        assert sum(isinstance(f, AuditUnavailable) for f in found) == 1
        with database.read() as session:
            count = session.connection().execute(text("select count(*) from audit_entries"))
            assert count.scalar_one() == 9

    async def test_an_entry_is_durable_when_append_returns(self, database):
        sequencer = Sequencer(database, trail())
        sequencer.start()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(sequencer.append(Event("a.b.c", actor=str(i))))
                for i in range(300)
            ]
        with database.read() as session:
            stored = {
                row[0] for row in session.connection().execute(text("select id from audit_entries"))
            }
        assert {t.result() for t in tasks} == stored
        await asyncio.to_thread(sequencer.stop)

    async def test_when_it_cannot_be_written_nothing_is_answered(self, database, caplog):
        sequencer = Sequencer(database, trail())
        sequencer.start()
        with database.write() as session:
            session.connection().execute(text("drop table audit_entries"))
        with pytest.raises(AuditUnavailable):
            await sequencer.append(Event("a.b.c", actor="x"))
        await asyncio.to_thread(sequencer.stop)

    async def test_while_the_database_is_away_it_is_refused_at_once_and_found_again(
        self, database, caplog
    ):
        sequencer = Sequencer(database, trail())
        sequencer.start()
        assert sequencer.is_writing
        with database.write() as session:
            session.connection().execute(text("alter table audit_entries rename to elsewhere"))
        with pytest.raises(AuditUnavailable):
            await sequencer.append(Event("a.b.c", actor="x"))
        assert not sequencer.is_writing
        with database.write() as session:
            session.connection().execute(text("alter table elsewhere rename to audit_entries"))
        async with asyncio.timeout(5):
            while not sequencer.is_writing:  # a probe sees it, though nobody asks
                with contextlib.suppress(AuditUnavailable):
                    await sequencer.append(Event("a.b.c", actor="x"))
                await asyncio.sleep(0.05)
        await sequencer.append(Event("a.b.c", actor="x"))
        await asyncio.to_thread(sequencer.stop)

    async def test_who_waits_waits_no_longer_than_its_own_deadline(self, database):
        sequencer = Sequencer(database, trail())  # not started: nothing is written
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(AuditUnavailable):
            await sequencer.append(Event("a.b.c", actor="x"), by=began + 0.05)
        assert loop.time() - began < 1
        sequencer.start()
        await asyncio.to_thread(sequencer.stop)

    async def test_a_thread_that_ended_is_started_anew(self, database, monkeypatch, caplog):
        sequencer = Sequencer(database, trail())
        with monkeypatch.context() as patch:
            patch.setattr(Sequencer, "_run", lambda _self: None)
            sequencer = Sequencer(database, trail())
            sequencer.start()
            await asyncio.sleep(0.05)
        with pytest.raises(AuditUnavailable):
            await sequencer.append(Event("a.b.c", actor="x"), by=asyncio.get_running_loop().time())
        sequencer.restart_if_dead()
        entry = await sequencer.append(Event("a.b.c", actor="x"))
        await asyncio.to_thread(sequencer.stop)
        with database.read() as session:
            found = session.connection().execute(text("select id from audit_entries")).all()
        assert entry in {row[0] for row in found}

    async def test_a_probe_sees_that_entries_cannot_be_written_though_nobody_asks(
        self, database, monkeypatch, caplog
    ):
        monkeypatch.setattr("app.audit.sequencer._PROBE_SECONDS", 0.02)
        sequencer = Sequencer(database, trail())
        sequencer.start()
        await asyncio.sleep(0.2)
        assert sequencer.is_writing
        with database.write() as session:
            session.connection().execute(text("alter table audit_entries rename to elsewhere"))
        async with asyncio.timeout(3):
            while sequencer.is_writing:
                await asyncio.sleep(0.02)
        with database.write() as session:
            session.connection().execute(text("alter table elsewhere rename to audit_entries"))
        async with asyncio.timeout(5):
            while not sequencer.is_writing:
                await asyncio.sleep(0.02)
        await asyncio.to_thread(sequencer.stop)
        assert sequencer.outstanding == 0

    async def test_a_probe_is_no_entry(self, database, monkeypatch):
        monkeypatch.setattr("app.audit.sequencer._PROBE_SECONDS", 0.02)
        sequencer = Sequencer(database, trail())
        sequencer.start()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(sequencer.stop)
        with database.read() as session:
            counts = [
                session.connection().execute(text(_COUNT % table)).scalar_one()
                for table in ("audit_entries", "audit_probes")
            ]
        assert counts == [0, 1]

    async def test_a_backlog_is_refused_before_it_grows_without_bound(self, database, monkeypatch):
        monkeypatch.setattr("app.audit.sequencer._OUTSTANDING", 0)
        with pytest.raises(AuditUnavailable):
            await Sequencer(database, trail()).append(Event("a.b.c", actor="x"))


async def entries(gateway, **params):
    return (await gateway.auditor.get("/v1/audit/entries", params={"limit": 200, **params})).json()[
        "items"
    ]


class TestRefusals:
    async def test_refusals_are_traced_although_the_request_rolls_back(self, gateway):
        assert (await gateway.client().get("/v1/records")).status_code == 401
        assert (await gateway.client("rubbish").get("/v1/records")).status_code == 401
        assert (await gateway.inspector.get("/v1/records")).status_code == 403
        officer = {"name": "某", "department": "tax", "region": "330100"}
        officer |= {"valid_from": "2026-01-01", "valid_to": "2027-01-01"}
        manager = gateway.manager("fire")
        assert (await manager.put("/v1/officers/ZJ-9", json=officer)).status_code == 403
        found = await entries(gateway, event="gateway.request.refused")
        assert [(e["outcome"], e.get("object_ref")) for e in found] == [
            ("auth.token_missing", None),
            ("auth.token_malformed", None),
            ("403", "GET /v1/records"),
            ("403", "PUT /v1/officers/{certificate_no}"),
        ]
        assert (found[0].get("role"), found[2]["role"]) == (None, "inspector")
        assert (found[0]["peer"], found[0]["count"]) == ("127.0.0.1", 1)
        assert found[0]["first"] == found[0]["last"]

    async def test_what_a_stranger_is_refused_is_one_entry_a_minute(self, gateway):
        for _ in range(50):
            assert (await gateway.client("rubbish").get("/v1/records")).status_code == 401
        found = await entries(gateway, event="gateway.request.refused")
        assert [(e["outcome"], e["count"]) for e in found] == [("auth.token_malformed", 1)]
        refusals = REFUSALS.of(gateway.app)
        await refusals.close()  # as when the minute is over
        found = await entries(gateway, event="gateway.request.refused")
        assert [e["count"] for e in found] == [1, 49]
        assert found[1]["first"] <= found[1]["last"]
        assert refusals.total == 50

    async def test_many_peers_are_not_remembered_without_bound(self, gateway, monkeypatch):
        monkeypatch.setattr(tally, "_MOST", 3)
        refusals = REFUSALS.of(gateway.app)
        for number in range(9):
            await refusals.note(f"198.51.100.{number}", "auth.token_missing", "")
        await refusals.close()
        found = await entries(gateway, event="gateway.request.refused")
        assert [(e["peer"], e["count"]) for e in found] == [
            ("198.51.100.0", 1),
            ("198.51.100.1", 1),
            ("198.51.100.2", 1),
            ("others", 1),
            ("others", 5),
        ]

    async def test_whoever_asks_too_often_fills_no_trail(self, database_url, settings_for, issuer):
        configured = settings_for(database_url, calls_per_second=0.001, calls_burst=2)
        async with running(configured, issuer) as gateway:
            answers = [await gateway.inspector.get("/v1/records") for _ in range(6)]
            assert [a.status_code for a in answers] == [403, 403, 429, 429, 429, 429]
            assert answers[-1].json()["code"] == "request.too_many"
            assert int(answers[-1].headers["retry-after"]) > 1
            found = await entries(gateway, event="gateway.request.refused")
            assert [e["outcome"] for e in found] == ["403", "403", "request.too_many"]

    async def test_a_refused_look_up_is_found_under_its_business(self, gateway):
        await gateway.inspector.get(
            f"/v1/profiles/{BUSINESS}", params={"purpose": "inspection", "task": "0" * 36}
        )
        await gateway.inspector.get(f"/v1/profiles/{BUSINESS}", params={"purpose": "inspection"})
        found = await entries(gateway, event="gateway.request.refused", business_id=BUSINESS)
        assert [(e["outcome"], e["purpose"]) for e in found] == [
            ("403", "inspection"),
            ("422", "inspection"),
        ]

    async def test_an_unknown_caller_never_waits_for_the_writer(self, gateway):
        lock = DATABASE.of(gateway.app).lock
        if lock is not None:
            lock.acquire()
        refused = asyncio.create_task(gateway.client("rubbish").put("/v1/officers/ZJ-1", json={}))
        await asyncio.sleep(0.1)
        if lock is not None:
            lock.release()
        assert (await refused).status_code == 401

    async def test_without_a_trace_even_a_refusal_is_withheld(self, gateway, caplog):
        def drop():
            with DATABASE.of(gateway.app).write() as session:
                session.connection().execute(text("drop table audit_entries"))

        await asyncio.to_thread(drop)
        for response in (
            await gateway.client().get("/v1/records"),
            await gateway.inspector.get(f"/v1/profiles/{BUSINESS}", params={"purpose": "patrol"}),
        ):
            assert (response.status_code, response.json()["code"]) == (503, "audit.unavailable")


class TestReads:
    async def test_whoever_reads_about_people_tasks_and_systems_leaves_an_entry(self, gateway):
        await gateway.officers()
        for path, event, caller, role in (
            ("/v1/tasks?mine=false", "tasks.tasks.read", gateway.leader, "team_leader"),
            ("/v1/officers", "organisations.officers.read", gateway.coordinator, "coordinator"),
            ("/v1/adapters", "registry.adapters.read", gateway.coordinator, "coordinator"),
        ):
            answer = await caller.get(path)
            assert answer.status_code == 200, path
            (found,) = await entries(gateway, event=event)
            assert (found["object_ref"], found["role"]) == (path.partition("?")[0], role)

    async def test_no_certificate_number_stands_in_the_trail(self, gateway):
        await gateway.officers()
        found = await entries(gateway, event="organisations.officer.registered")
        assert len(found) == 3
        assert "ZJ-0" not in json.dumps(found)
        by_number = await entries(gateway, business_id="ZJ-0001")
        assert by_number == [] or by_number[0]["event"] == "organisations.officer.registered"


class TestAuditor:
    @pytest.mark.parametrize(
        ("who", "sees"),
        [
            ({"region": "330100"}, True),
            ({"region": "330000"}, True),
            ({"region": "330100", "department": "fire"}, True),
            ({"region": "330100", "department": "tax"}, False),
            ({"region": "330106"}, False),
            ({"region": "310000"}, False),
        ],
    )
    async def test_entries_end_at_region_and_department(self, gateway, who, sees):
        officer = gateway.caller("i", Role.INSPECTOR, department="fire", region="330100")
        await officer.get(f"/v1/profiles/{BUSINESS}", params={"purpose": "patrol"})
        auditor = gateway.caller("a", Role.AUDITOR, **who)
        params = {"event": "profile.business.viewed"}
        found = (await auditor.get("/v1/audit/entries", params=params)).json()["items"]
        assert len(found) == sees

    async def test_what_no_person_did_is_the_deployments(self, gateway):
        await gateway.client("rubbish").get("/v1/records")
        params = {"event": "gateway.request.refused"}
        for region, count in (("330100", 1), ("330106", 0)):
            auditor = gateway.caller("a", Role.AUDITOR, region=region)
            found = (await auditor.get("/v1/audit/entries", params=params)).json()["items"]
            assert len(found) == count, region

    async def test_entries_are_paged_filtered_and_found_by_business(self, gateway):
        for _ in range(3):
            await gateway.inspector.get(f"/v1/profiles/{BUSINESS}", params={"purpose": "patrol"})
        await gateway.inspector.get("/v1/profiles/91330106MA2YYY034D", params={"purpose": "patrol"})
        params = {"limit": 2, "event": "profile.business.viewed"}
        first = (await gateway.auditor.get("/v1/audit/entries", params=params)).json()
        second = (
            await gateway.auditor.get(
                "/v1/audit/entries", params={**params, "cursor": first["next_cursor"]}
            )
        ).json()
        assert len({e["id"] for e in first["items"] + second["items"]}) == 4
        assert second["next_cursor"] is None
        await gateway.inspector.get(f"/v1/profiles/{BUSINESS}", params={"purpose": "patrol"})
        third = (
            await gateway.auditor.get(
                "/v1/audit/entries", params={**params, "cursor": second["resume_cursor"]}
            )
        ).json()
        assert len(third["items"]) == 1
        assert len(await entries(gateway, business_id=BUSINESS.lower())) == 4
        assert await entries(gateway, business_id="nobody") == []

    @pytest.mark.parametrize(
        "other", ["", "4bf92f3577b34da6a3ce929d0e0e4736", "019a0000000070008000000000000001"]
    )  # ours; of another system; and one of its that is made as ours are, long before
    async def test_entries_of_one_request_are_found_by_its_id(self, gateway, other):
        own = not other
        headers = {} if own else {"traceparent": f"00-{other}-00f067aa0ba902b7-01"}
        path, params = f"/v1/profiles/{BUSINESS}", {"purpose": "patrol"}
        await gateway.inspector.get(path, params=params)
        answer = await gateway.inspector.get(path, params=params, headers=headers)
        trace_id = answer.headers["x-request-id"] if own else other
        (entry,) = await entries(gateway, trace_id=trace_id)
        assert entry["event"] == "profile.business.viewed"
        assert entry["id"] == answer.json()["audit"]["entry"]
        assert await entries(gateway, trace_id="0" * 32) == []

    async def test_a_look_up_without_departments_is_traced_too(self, gateway):
        await gateway.inspector.get(f"/v1/profiles/{BUSINESS}", params={"purpose": "patrol"})
        (entry,) = await entries(gateway, event="profile.business.viewed")
        assert (entry["purpose"], entry["outcome"], entry["role"]) == ("patrol", "0/0", "inspector")

    async def test_administrative_acts_are_traced(self, gateway):
        await gateway.officers()
        task = await gateway.task(BUSINESS)
        await gateway.leader.post(f"/v1/tasks/{task}:close")
        events = [e["event"] for e in await entries(gateway) if e["event"] != "audit.entries.read"]
        assert events == ["organisations.officer.registered"] * 3 + [
            "tasks.task.opened",
            "tasks.task.closed",
        ]
        assert Role.AUDITOR == "auditor"


async def test_what_waits_to_be_written_is_bounded_and_counted_even_when_its_caller_has_left(
    database,
):
    sequencer = Sequencer(database, trail())  # not started: nothing is written
    waiting = [
        asyncio.create_task(sequencer.append(Event("a.b.c", actor="x"))) for _ in range(4096)
    ]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert sequencer.outstanding == 4096
    with pytest.raises(AuditUnavailable, match="4096"):
        await sequencer.append(Event("a.b.c", actor="x"))
    sequencer.start()
    await asyncio.to_thread(sequencer.stop)
    await asyncio.sleep(0)
    assert sequencer.outstanding == 0


async def test_a_batch_is_written_whole_or_not_at_all(database):
    rows = [trail().row(Event("a.b.c", actor=f"x{i}")) for i in range(600)]
    connection = database.engine.raw_connection()
    with database.turn():
        repository.insert_many(database, connection.driver_connection, rows[:512])
    twice = [*rows[512:], rows[0]]
    with pytest.raises(Exception, match=r"(?i)unique|append-only"), database.turn():
        repository.insert_many(database, connection.driver_connection, twice)
    connection.invalidate()
    with database.read() as session:
        stored = (
            session.connection()
            .execute(text("select id, body from audit_entries order by row"))
            .all()
        )
    assert [tuple(row) for row in stored] == [(row[0], row[4]) for row in rows[:512]]


async def test_what_waits_at_the_end_is_written_before_it(database):
    sequencer = Sequencer(database, trail())
    sequencer.start()
    waiting = [
        asyncio.create_task(sequencer.append(Event("a.b.c", actor=f"x{i}"))) for i in range(1500)
    ]
    await asyncio.sleep(0)
    await asyncio.to_thread(sequencer.stop)
    assert len({*await asyncio.gather(*waiting)}) == 1500
    with database.read() as session:
        assert (
            session.connection().execute(text("select count(*) from audit_entries")).scalar_one()
            == 1500
        )


class TestReading:
    async def test_the_last_one_first_and_of_a_span_of_time(self, gateway):
        for _ in range(3):
            await gateway.inspector.get("/v1/profiles/91310115MA1YYY024Y?purpose=patrol")

        async def read(**params):
            asked = {"event": "profile.business.viewed", "limit": 2, **params}
            return (await gateway.auditor.get("/v1/audit/entries", params=asked)).json()

        first = await read()
        oldest = [
            e["id"] for e in first["items"] + (await read(cursor=first["next_cursor"]))["items"]
        ]
        last = await read(newest=True)
        newest = [
            e["id"]
            for e in last["items"] + (await read(newest=True, cursor=last["next_cursor"]))["items"]
        ]
        assert len(oldest) == 3
        assert newest == oldest[::-1]
        assert last["resume_cursor"] is None
        begin, end = (first["items"][0]["at"], last["items"][0]["at"])
        between = await read(since=begin, until=end, limit=50)
        assert 1 <= len(between["items"]) <= 3
        assert oldest[0] in {e["id"] for e in between["items"]}
        assert (await read(until="2020-01-01T00:00:00Z"))["items"] == []
        assert (await read(since="2199-01-01T00:00:00Z"))["items"] == []

    async def test_what_entries_can_be_about_has_words(self, gateway):
        rows = (await gateway.auditor.get("/v1/audit/events")).json()
        assert {"event": "profile.business.viewed", "text": rows[0]["text"]} in rows
        assert all(row["text"]["zh"] and row["text"]["en"] for row in rows)
        assert (await gateway.inspector.get("/v1/audit/events")).status_code == 403
