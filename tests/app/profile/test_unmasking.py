"""Masked fields as they were told: with a reason, for whoever only the mask keeps them from."""

import re

import pytest

from app.profile.disclosure import Disclosure
from app.profile.unmasking.schemas import REASONS_TO_UNMASK, UnmaskReason
from auth.principal import Role
from tests.app.agreements.test_acts import CITY, MAIN, SEED, Parties
from tests.fixtures.databases import ON_SQLITE

FIELD = "legal_rep_id_no"
WANTED = {"purpose": "inspection", "fields": [FIELD], "reason": "identity"}


async def unmask(client, task_id, section="registration", **more):
    body = {**WANTED, "task": task_id, **more}
    return await client.post(f"/v1/profiles/{MAIN}/sections/{section}:unmask", json=body)


def refused(answer):
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


async def entries(city):
    found = await city.auditor.get("/v1/audit/entries?event=profile.fields.unmasked")
    return found.json()["items"]


async def agreed_on_registration(city, **clauses):
    """An agreement of registration with fire, in the place of the one that a deployment begins with."""
    parties = Parties(city)
    await parties.units()
    reason = {"reason": "replaced by agreements of the departments"}
    assert (await parties.nation.post(f"{SEED}:suspend", json=reason)).status_code == 200
    system = city.caller("system", Role.SYSTEM_ADMINISTRATOR, region="000000")
    body = {"unit_id": "reg-city", "tier": "city", "region": CITY, "department": "registration"}
    body |= {"name": {"zh": "登记", "en": "registration"}, "parts": ["source"]}
    assert (await system.post("/v1/units", json=body)).status_code == 201
    parties.tax = city.caller("sun", Role.CDO, department="registration", region=CITY)
    whole = {"sections": [{"section": "registration"}], **clauses}
    await parties.in_force(source_unit="reg-city", clauses=whole)
    return parties


async def test_a_masked_field_is_shown_bare_and_the_reason_stays(city):
    task = await city.task(MAIN)
    params = {"purpose": "inspection", "task": task}
    profile = (await city.inspector.get(f"/v1/profiles/{MAIN}", params=params)).json()
    masked = profile["sections"]["registration"]["data"][FIELD]
    assert "********" in masked
    answer = await unmask(city.inspector, task)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert set(found["fields"]) == {FIELD}
    assert re.fullmatch(r"\d{17}[\dX]", found["fields"][FIELD])
    assert found["fields"][FIELD][:6] == masked[:6]
    assert (found["section"], found["outcome"], found["reason"]) == ("registration", "fresh", None)
    (entry,) = await entries(city)
    assert entry["id"] == found["audit"]
    assert entry["filter"] == f"fields={FIELD} reason=identity"
    assert (entry["object_ref"], entry["classes"], entry["task"]) == ("registration", [2], task)
    assert found["fields"][FIELD] not in str(entry)
    again = (await city.inspector.get(f"/v1/profiles/{MAIN}", params=params)).json()
    assert again["sections"]["registration"]["data"][FIELD] == masked


@ON_SQLITE
class TestRefused:
    async def test_what_else_keeps_it_back(self, city):
        leader = city.caller("leader-9", Role.TEAM_LEADER, department="fire", region=CITY)
        body = {"business_id": MAIN, "assignees": ["leader-9"], "basis": "plan 7"}
        alone = (await leader.post("/v1/tasks", json=body)).json()["id"]
        assert refused(await unmask(leader, alone)) == (403, "profile.unmask_refused", "task_alone")
        task = await city.task(MAIN)
        elsewhere = city.caller("inspector-1", Role.INSPECTOR, department="fire", region="310000")
        assert refused(await unmask(elsewhere, task))[:2] == (403, "profile.task_not_valid")
        other = city.caller("inspector-1", Role.INSPECTOR, department="food")
        assert refused(await unmask(other, task)) == (403, "profile.unmask_refused", "task_foreign")
        patroller = city.caller("inspector-1", Role.PATROLLER, department="fire")
        assert refused(await unmask(patroller, task))[1] == "profile.purpose_not_yours"
        assert (
            refused(await unmask(city.inspector, task, purpose="patrol"))[1]
            == "profile.task_not_valid"
        )
        assert (
            refused(await unmask(city.inspector, task, purpose="supervision"))[1]
            == "profile.purpose_unknown"
        )
        assert await entries(city) == []

    async def test_of_the_own_department_too_somebody_else_stands_behind_it(self, city):
        leader = city.caller("leader-9", Role.TEAM_LEADER, department="fire", region=CITY)
        body = {"business_id": MAIN, "assignees": ["leader-9"], "basis": "plan 7"}
        alone = (await leader.post("/v1/tasks", json=body)).json()["id"]
        answer = await unmask(leader, alone, "fire", fields=["hazards"])
        assert refused(answer) == (403, "profile.unmask_refused", "task_alone")
        coordinator = city.caller("lin", Role.COORDINATOR, region=CITY)
        switch = {"mode": "warn", "reason": "the city's rules of inspection"}
        await coordinator.put(f"/v1/catalogue/rules/I-06/regions/{CITY}", json=switch)
        warned = (await leader.post("/v1/tasks", json=body)).json()["id"]
        answer = await unmask(leader, warned)
        assert refused(answer) == (403, "profile.unmask_refused", "task_alone")

    async def test_broken_glass_is_for_a_rescue(self, city):
        await agreed_on_registration(city, purposes=["emergency"])
        officer = city.caller("inspector-1", Role.INSPECTOR, department="fire", region=CITY)
        broken = {"business_id": MAIN, "reason": "a fire next door, and nobody answers the phone"}
        task = (await officer.post("/v1/tasks:break-glass", json=broken)).json()["id"]
        answer = await unmask(officer, task, purpose="emergency")
        assert refused(answer) == (403, "profile.unmask_refused", "task_alone")
        answer = await unmask(officer, task, purpose="emergency", reason="rescue")
        assert answer.json()["fields"][FIELD]
        assert [e["filter"] for e in await entries(city)] == [f"fields={FIELD} reason=rescue"]

    async def test_a_task_of_another_department_shows_not_even_ones_own(self, city):
        leader = city.caller("leader-9", Role.TEAM_LEADER, department="fire", region=CITY)
        body = {"business_id": MAIN, "assignees": ["e-1"], "basis": "plan 7"}
        task = (await leader.post("/v1/tasks", json=body)).json()["id"]
        officer = city.caller("e-1", Role.INSPECTOR, department="emergency", region=CITY)
        answer = await unmask(officer, task, "emergency", fields=["orders"])
        assert refused(answer) == (403, "profile.unmask_refused", "task_foreign")

    @pytest.mark.parametrize(
        ("field", "detail"), [("contact_phone", "not_masked"), ("entity_name", "not_masked")]
    )
    async def test_what_no_mask_hides(self, city, field, detail):
        task = await city.task(MAIN)
        answer = await unmask(city.inspector, task, fields=[field])
        assert refused(answer) == (403, "profile.unmask_refused", detail)

    async def test_what_is_no_field(self, city):
        task = await city.task(MAIN)
        answer = await unmask(city.inspector, task, fields=[FIELD, "nothing"])
        assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
            ("/body/fields/1", "field_unknown")
        ]
        answer = await unmask(city.inspector, task, "customs", fields=["declared_trade_value"])
        assert [e["code"] for e in answer.json()["errors"]] == ["field_unknown"]  # of class 1
        answer = await unmask(city.inspector, task, "nothing")
        assert refused(answer)[:2] == (404, "profile.section_unknown")

    @pytest.mark.parametrize(
        "changes",
        [{"reason": "because"}, {"reason": ""}, {"fields": []}, {"fields": [FIELD] * 6}, {"more": 1}, {"task": None}, {"site": "a\r\nb"}],
    )  # fmt: skip
    async def test_without_a_reason_or_a_task(self, city, changes):
        answer = await unmask(city.inspector, await city.task(MAIN), **changes)
        assert refused(answer)[:2] == (422, "request.invalid")

    @pytest.mark.parametrize(
        ("clauses", "detail"),
        [
            ({"strictest_class": 3}, "class_above_grant"),
            ({"strictest_class": 4}, "class_above_grant"),
            ({"sections": [{"section": "registration", "fields": ["entity_name"]}]}, "not_in_agreement"),
            ({"sections": [{"section": "tax"}]}, "agreement_missing"),
            ({"sections": [{"section": "registration"}]}, None),
        ],
    )  # fmt: skip
    async def test_what_no_agreement_reaches(self, city, clauses, detail):
        parties = await agreed_on_registration(city, **clauses)
        answer = await unmask(parties.officer, await city.task(MAIN))
        if detail is None:
            assert answer.json()["agreement"] == "fire-tax@1"
        else:
            assert refused(answer) == (403, "profile.unmask_refused", detail)

    async def test_what_ends_while_the_department_is_asked(self, city, monkeypatch):
        task = await city.task(MAIN)
        replies = Disclosure.replies

        async def closed(self, *asked, **more):
            found = await replies(self, *asked, **more)
            assert (await city.leader.post(f"/v1/tasks/{task}:close")).status_code == 200
            return found

        monkeypatch.setattr(Disclosure, "replies", closed)
        assert refused(await unmask(city.inspector, task))[1] == "profile.task_not_valid"
        assert await entries(city) == []


@ON_SQLITE
async def test_a_department_that_is_down_tells_no_field(city, departments):
    task = await city.task(MAIN)
    departments.set("fire", "down")
    found = (await unmask(city.inspector, task, "fire", fields=["hazards"])).json()
    assert found["fields"] == {"hazards": None}
    assert found["outcome"] == "unavailable"
    assert found["reason"]["text"]["zh"]
    assert [e.get("classes", []) for e in await entries(city)] == [[]]


def test_every_reason_has_words():
    assert [str(reason) for reason in UnmaskReason] == list(REASONS_TO_UNMASK)
