"""Break-glass: minutes of class 2 where an agreement serves emergencies, told at once, judged by somebody else."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.schedule import Span
from app.tasks import glass
from app.tasks.lifecycle import OpenTask
from app.tasks.models import Task
from auth.principal import Role
from tests.app.agreements.test_acts import Parties
from tests.fixtures.databases import ON_SQLITE

MAIN, CITY = "91330106MA2YYY034D", "330100"
REASON = "现场发生火情，无法联系负责人，需要核对欠税与经营状态"
BODY = {"business_id": MAIN, "reason": REASON}


def inspector(gateway, subject="inspector-1", region=CITY):
    return gateway.caller(subject, Role.INSPECTOR, department="fire", region=region)


async def broken(client, status=201, **changes):
    answer = await client.post("/v1/tasks:break-glass", json=BODY | changes)
    assert answer.status_code == status, answer.text
    return answer.json()


async def tax_of(client, task):
    params = {"purpose": "emergency", "task": task["id"]}
    answer = await client.get(f"/v1/profiles/{MAIN}", params=params)
    return answer.json() if answer.status_code != 200 else answer.json()["sections"]["tax"]


async def kinds(client):
    return [n["kind"] for n in (await client.get("/v1/inbox")).json()["items"]]


async def judge(client, task, justified=True):
    body = {"justified": justified, "note": "情况属实，处置得当"}
    return await client.post(f"/v1/tasks/{task['id']}:review", json=body)


@ON_SQLITE
class TestGlass:
    async def test_it_opens_what_was_agreed_for_emergencies_and_nothing_else(self, city):
        officer = inspector(city)
        task = await broken(officer)
        assert (task["purpose"], task["assignees"], task["break_glass"]) == (
            "emergency", ["inspector-1"], True,
        )  # fmt: skip
        begun, ends = (datetime.fromisoformat(task[n]) for n in ("opened_at", "ends_at"))
        assert ends - begun == timedelta(minutes=15)
        tax = await tax_of(officer, task)
        assert "overdue_filing_count" not in tax.get("data", {})
        parties = Parties(city)
        await parties.units()
        await parties.in_force(clauses={"purposes": ["emergency"]})
        tax = await tax_of(officer, task)
        assert tax["data"]["overdue_filing_count"] == 1
        assert tax["agreement"] == "fire-tax@1"
        other = inspector(city, "inspector-2")
        assert (await tax_of(other, task))["code"] == "profile.task_not_valid"
        answer = await officer.get(
            f"/v1/profiles/{MAIN}", params={"purpose": "inspection", "task": task["id"]}
        )
        assert answer.json()["code"] == "profile.task_not_valid"

    async def test_it_is_told_at_once_and_judged_by_another_leader(self, city):
        task = await broken(inspector(city))
        audit = city.caller("audit-1", Role.AUDIT_ADMINISTRATOR, region=CITY)
        leader = city.caller("leader-9", Role.TEAM_LEADER, department="fire", region=CITY)
        tax_leader = city.caller("leader-8", Role.TEAM_LEADER, department="tax", region=CITY)
        assert (await kinds(audit), await kinds(leader), await kinds(tax_leader)) == (
            ["break_glass.used"], ["break_glass.used"], [],
        )  # fmt: skip
        entries = (
            await city.auditor.get("/v1/audit/entries", params={"event": "tasks.glass.broken"})
        ).json()["items"]
        assert [e["task"] for e in entries] == [task["id"]]
        params = {"mine": False, "unreviewed": True}
        waiting = (await leader.get("/v1/tasks", params=params)).json()["items"]
        assert [each["id"] for each in waiting] == [task["id"]]
        assert (await tax_leader.get("/v1/tasks", params=params)).json()["items"] == []
        to_approve = await leader.get("/v1/tasks", params={"mine": False, "unapproved": True})
        assert to_approve.json()["items"] == []
        approved = await leader.post(f"/v1/tasks/{task['id']}:approve")
        assert (approved.status_code, approved.json()["code"]) == (409, "task.for_review")
        assert (await judge(tax_leader, task)).status_code == 404
        answer = await judge(leader, task, justified=False)
        assert (answer.status_code, answer.json()["justified"]) == (200, False)
        assert answer.json()["review_by"] is None
        again = await judge(leader, task)
        assert (again.status_code, again.json()["code"]) == (409, "task.reviewed")
        assert await kinds(audit) == ["break_glass.unjustified", "break_glass.used"]
        assert "break_glass.unjustified" in await kinds(inspector(city))
        assert (await leader.get("/v1/tasks", params=params)).json()["items"] == []

    async def test_what_was_right_needs_nobody_to_be_told(self, city):
        task = await broken(inspector(city))
        leader = city.caller("leader-9", Role.TEAM_LEADER, department="fire", region=CITY)
        assert (await judge(leader, task)).json()["justified"]
        audit = city.caller("audit-1", Role.AUDIT_ADMINISTRATOR, region=CITY)
        assert await kinds(audit) == ["break_glass.used"]
        assert await kinds(inspector(city)) == []

    async def test_nobody_judges_himself_and_an_ordinary_task_is_not_judged(self, city):
        leader = city.caller("leader-9", Role.TEAM_LEADER, department="fire", region=CITY)
        own = await broken(leader)
        answer = await judge(leader, own)
        assert (answer.status_code, answer.json()["code"]) == (403, "task.four_eyes")
        ordinary = await city.task(MAIN)
        assert (await judge(leader, {"id": ordinary})).status_code == 404

    async def test_so_often_a_day_also_at_once(self, city):
        officer = inspector(city)
        answers = await asyncio.gather(
            *(officer.post("/v1/tasks:break-glass", json=BODY) for _ in range(6))
        )
        assert sorted(a.status_code for a in answers) == [201] * 3 + [409] * 3
        assert (await broken(inspector(city, "inspector-2")))["break_glass"]

    async def test_whoever_was_not_judged_in_time_waits(self, city, monkeypatch):
        officer = inspector(city)
        task = await broken(officer)
        real = city.app.state.clock.now
        monkeypatch.setattr(city.app.state.clock, "now", lambda: real() + timedelta(hours=25))
        refused = await broken(officer, 409)
        assert refused["code"] == "task.glass_unreviewed"
        leader = city.caller("leader-9", Role.TEAM_LEADER, department="fire", region=CITY)
        assert (await judge(leader, task)).status_code == 200

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"reason": "急"}, 422, "request.invalid"),
            ({"reason": " " * 30}, 422, "request.invalid"),
            ({"reason": "x" * 301}, 422, "request.invalid"),
            ({"reason": "x" * 20 + "\x00"}, 422, "request.invalid"),
            ({"business_id": "91330106MA2YYY034X"}, 422, "identifier.check_character"),
            ({"purpose": "inspection"}, 422, "request.invalid"),
            ({"ends_in_hours": 2}, 422, "request.invalid"),
        ],
    )
    async def test_what_is_refused(self, city, changes, status, code):
        assert (await broken(inspector(city), status, **changes))["code"] == code

    async def test_only_at_home_and_only_by_officers(self, city):
        elsewhere = inspector(city, region="310000")
        assert (await broken(elsewhere, 403))["code"] == "task.outside_region"
        patroller = city.caller("p-1", Role.PATROLLER, department="fire", region=CITY)
        assert (await broken(patroller, 403))["code"] == "auth.permission_missing"
        assert await kinds(city.caller("a", Role.AUDIT_ADMINISTRATOR, region=CITY)) == []

    async def test_late_ones_are_told_again_once_whenever_they_fell_due(self, city):
        task = await broken(inspector(city))
        database, found = city.app.state.database, []
        for hour in range(24):  # runs are of the morning, whole days at once
            opened = datetime(2026, 11, 26, hour, tzinfo=UTC)
            with database.write() as session:
                session.get(Task, task["id"]).opened_at = opened
            told = []
            for day in range(26, 31):
                span = Span(date(2026, 11, day - 1), date(2026, 11, day))
                now = datetime(2026, 11, day, 0, 45, tzinfo=UTC)
                with database.write() as session:
                    if glass.remind(session, now, span)["tasks"]:
                        told.append(now)
            found.append(len(told) == 1 and told[0] - opened > timedelta(hours=24))
        assert all(found)
        audit = city.caller("audit-1", Role.AUDIT_ADMINISTRATOR, region=CITY)
        assert (await kinds(audit)).count("break_glass.unreviewed") == 24


def test_it_stands_in_for_the_second_person_alone():
    now = datetime(2026, 11, 28, tzinfo=UTC)
    task = OpenTask(
        "t", MAIN, None, "emergency", "330106", frozenset({"a"}), "a", now, CITY, "fire", None, True
    )
    assert task.is_seconded("a")
    assert not task.is_for("b")
    assert not task.is_of("tax")
    assert not task.is_within("310000")
    assert not OpenTask(
        "t", MAIN, None, "emergency", "330106", frozenset({"a"}), "a", now, CITY, "fire"
    ).is_seconded("a")
