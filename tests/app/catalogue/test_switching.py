"""Rules that regions switch: only those that are not certain, only in one's own region, and within a second."""

from datetime import date

import pytest

from app.core.rules import NOT_SWITCHED, Switch, Switches
from auth.principal import Role
from tests.app.tasks.test_routes import MAIN, OPEN, tax_of, why_withheld
from tests.fixtures.databases import ON_SQLITE

CITY, DAY = "330100", date(2026, 11, 28)
REASON = "the city's rules of inspection, article 7"


@pytest.mark.parametrize(
    ("switches", "region", "warns"),
    [
        ({}, "330106", False),
        ({"330100": ("warn",)}, "330106", True),
        ({"330100": ("warn",)}, "330100", True),
        ({"330100": ("warn",)}, "330000", False),
        ({"330100": ("warn",)}, "310115", False),
        ({"000000": ("warn",)}, "310115", True),
        ({"330106": ("warn",)}, "330108", False),
        ({"330100": ("warn",), "330106": ("block",)}, "330106", False),
        ({"330100": ("warn",), "330106": ("block",)}, "330108", True),
        ({"330000": ("block",), "330106": ("warn",)}, "330106", False),
        ({"330100": ("warn", DAY)}, "330106", True),
        ({"330100": ("warn", date(2026, 11, 27))}, "330106", False),
        ({"330000": ("block", date(2026, 11, 27)), "330100": ("warn",)}, "330106", True),
        ({"330100": ("warn",)}, "", False),
    ],
)
def test_where_a_rule_only_warns(switches, region, warns):
    found = Switches({("I-06", place): Switch(*told) for place, told in switches.items()})
    assert found.warns("I-06", region, DAY) is warns
    assert not found.warns("I-12", region, DAY)
    assert not NOT_SWITCHED.warns("I-06", region, DAY)


def coordinator(city, region=CITY):
    return city.caller(f"lin-{region}", Role.COORDINATOR, region=region)


async def put(client, rule="I-06", region=CITY, mode="warn", **more):
    body = {"mode": mode, "reason": REASON, **more}
    return await client.put(f"/v1/catalogue/rules/{rule}/regions/{region}", json=body)


def leader(city, number=1, region=CITY):
    return city.caller(
        f"leader-{region}-{number}", Role.TEAM_LEADER, department="fire", region=region
    )


async def test_the_second_person_where_the_rule_only_warns(city):
    alone = leader(city)
    body = OPEN | {"assignees": [f"leader-{CITY}-1"]}
    before = (await alone.post("/v1/tasks", json=body)).json()
    assert before["warnings"] == []
    switched = await put(coordinator(city))
    assert switched.status_code == 200, switched.text
    task = (await alone.post("/v1/tasks", json=body)).json()
    assert task["warnings"] == ["I-06"]
    assert (await tax_of(city, task["id"], alone))["data"]["overdue_filing_count"] == 1
    # what was opened while it blocked stays as it was
    assert why_withheld(await tax_of(city, before["id"], alone)) == {"task_alone"}
    assert (await alone.post("/v1/tasks", json=OPEN)).json()["warnings"] == []
    await put(coordinator(city), mode="block")
    assert why_withheld(await tax_of(city, task["id"], alone)) == {"task_alone"}
    assert (await alone.post("/v1/tasks", json=body)).json()["warnings"] == []


@ON_SQLITE
class TestSwitching:
    async def test_a_task_elsewhere_is_opened_with_a_warning_and_opens_nothing(self, city):
        there = leader(city, region="310000")
        assert (await there.post("/v1/tasks", json=OPEN)).json()["code"] == "task.outside_region"
        await put(coordinator(city), "I-12")
        answer = await there.post("/v1/tasks", json=OPEN | {"assignees": ["leader-310000-1", "x"]})
        assert (answer.status_code, answer.json()["warnings"]) == (201, ["I-12"])
        listed = (await city.auditor.get("/v1/audit/entries?event=tasks.task.opened")).json()
        assert [e.get("filter") for e in listed["items"]] == ["warned=I-12"]
        # of the other side's own region nothing was said: the rule is the business's region's
        elsewhere = leader(city, region="320000")
        await put(coordinator(city, "320000"), "I-12", "320000")
        await put(coordinator(city), "I-12", mode="block")
        answer = await elsewhere.post("/v1/tasks", json=OPEN)
        assert answer.json()["code"] == "task.outside_region"

    async def test_whoever_is_sent_there_may_look_and_the_senders_answer_for_it(self, city):
        there, second = leader(city, region="310000"), leader(city, 2, "310000")
        await put(coordinator(city), "I-12")
        body = OPEN | {"assignees": ["o-310000"]}
        task = (await there.post("/v1/tasks", json=body)).json()["id"]
        officer = city.caller("o-310000", Role.INSPECTOR, department="fire", region="310000")
        tax = await tax_of(city, task, officer)
        assert why_withheld(tax) == {"region_foreign"}
        assert tax["data"]["taxpayer_name"]
        assert (await second.post(f"/v1/tasks/{task}:approve")).status_code == 200
        await put(coordinator(city), "I-12", mode="block")
        params = {"purpose": "inspection", "task": task}
        answer = await officer.get(f"/v1/profiles/{MAIN}", params=params)
        assert answer.json()["code"] == "profile.task_not_valid"
        assert (await second.post(f"/v1/tasks/{task}:close")).status_code == 200

    async def test_where_the_business_lies_it_may_block_still(self, city):
        await put(coordinator(city))
        await put(coordinator(city, "330106"), region="330106", mode="block")
        alone = leader(city)
        body = OPEN | {"assignees": [f"leader-{CITY}-1"]}
        task = (await alone.post("/v1/tasks", json=body)).json()
        assert task["warnings"] == []
        assert why_withheld(await tax_of(city, task["id"], alone)) == {"task_alone"}
        overruled = await put(coordinator(city), region="330106")
        assert (overruled.status_code, overruled.json()["code"]) == (409, "rule.blocked_there")
        assert (await put(coordinator(city, "330106"), region="330106")).status_code == 200
        assert (await put(coordinator(city), region="330106", mode="block")).status_code == 200

    async def test_nobody_lifts_a_rule_that_binds_him(self, city):
        for role in (Role.TEAM_LEADER, Role.INSPECTOR, Role.SUPERVISOR):
            both = city.caller("both", Role.COORDINATOR, role, region=CITY)
            answer = await put(both)
            assert (answer.status_code, answer.json()["code"]) == (403, "rule.own_interest")
            assert (await put(both, mode="block")).status_code == 200

    @pytest.mark.parametrize(
        ("rule", "region", "status", "code"),
        [
            ("D-13", CITY, 409, "rule.not_switchable"),
            ("I-05", CITY, 409, "rule.not_switchable"),
            ("D-20", CITY, 409, "rule.not_switchable"),
            ("X-99", CITY, 404, "rule.unknown"),
            ("I-06", "330000", 403, "rule.region_not_yours"),
            ("I-06", "330200", 403, "rule.region_not_yours"),
            ("I-06", "000000", 403, "rule.region_not_yours"),
            ("I-6", CITY, 422, "request.invalid"),
        ],
    )
    async def test_what_nobody_switches(self, city, rule, region, status, code):
        answer = await put(coordinator(city), rule, region)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_only_a_data_authority_and_with_a_reason(self, city):
        for client in (city.leader, city.manager("fire"), city.supervisor):
            answer = await put(client)
            assert (answer.status_code, answer.json()["code"]) == (403, "auth.permission_missing")
        answer = await put(coordinator(city), reason="  because ")
        assert answer.status_code == 422
        assert (await put(coordinator(city), mode="off")).status_code == 422

    async def test_it_is_told_and_listed(self, city):
        await put(coordinator(city), valid_to="2199-12-31")
        await put(coordinator(city, "330106"), region="330106")
        await put(coordinator(city), mode="block")
        rules = (await city.inspector.get("/v1/catalogue/rules")).json()
        told = {rule["rule"]: rule for rule in rules}
        assert told["I-06"]["switchable"]
        assert [(s["region"], s["mode"], s["valid_to"]) for s in told["I-06"]["switched"]] == [
            (CITY, "block", None),
            ("330106", "warn", None),
        ]
        assert {name for name, rule in told.items() if rule["switchable"]} == {"I-06", "I-12"}
        inbox = (await city.supervisor.get("/v1/inbox")).json()["items"]
        assert [n["kind"] for n in inbox].count("rule.switched") == 3
        assert inbox[0]["about"] == {"kind": "rule", "id": "I-06"}
