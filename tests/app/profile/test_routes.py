"""The profile as an inspector meets it, over real departments."""

import asyncio

import pytest

from app.profile.deps import ENGINE
from auth.principal import Role

MAIN = "91330106MA2YYY034D"
CLEAN = "91310115MA1YYY024Y"
CHAIN = "91370102999999066X"
UNKNOWN = "91330106MA90002Y4H"
"""Nobody has it."""
SECTIONS = 13


async def look_up(gateway, business_id=MAIN, client=None, **params):
    task = await gateway.task(business_id) if client is None and "purpose" not in params else None
    params = {"purpose": "inspection", "task": task, **params}
    params = {k: v for k, v in params.items() if v is not None}
    return await (client or gateway.inspector).get(f"/v1/profiles/{business_id}", params=params)


class TestHealthy:
    async def test_thirteen_departments_answer_and_the_headline_says_what_they_said(self, city):
        response = await look_up(city)
        profile = response.json()
        assert response.status_code == 200
        assert profile["completeness"]["asked"] == profile["completeness"]["answered"] == SECTIONS
        assert {q: a["answer"] for q, a in profile["headline"].items()} == {
            "registered": "yes",
            "taxes_on_time": "no",
            "fire_permit": "yes",
        }
        assert profile["headline"]["taxes_on_time"]["fact"]["en"] == "1 overdue filing"
        assert [c["element"] for c in profile["conflicts"]] == ["legal_rep_name"]
        assert [f["code"] for f in profile["findings"]] == ["food.permit_expires_soon"]
        assert profile["name"] == "杭州示例餐饮有限公司"
        assert profile["audit"]["promise"] is None

    @pytest.mark.parametrize(
        ("business_id", "wanted"),
        [
            (CLEAN, ("yes", "yes", "yes")),
            ("91500103MAEYYY1167", ("no", "yes", "not_required")),
            ("92440305MA5YYY0481", ("yes", "yes", "no")),
            ("91110105MA0YYY014T", ("yes", "yes", "not_required")),
            ("92320102MA7YYY076M", ("yes", "no", "yes")),
            ("93510104MA6YYY058N", ("yes", "unknown", "not_required")),
            (CHAIN, ("yes", "yes", "unknown")),
            (UNKNOWN, ("no", "unknown", "unknown")),
            ("12610113MB0YYY1061", ("unknown", "unknown", "unknown")),
        ],
    )
    async def test_the_planted_cases_come_out_right(self, city, business_id, wanted):
        headline = (await look_up(city, business_id)).json()["headline"]
        assert (
            tuple(headline[q]["answer"] for q in ("registered", "taxes_on_time", "fire_permit"))
            == wanted
        )

    async def test_no_record_is_an_answer_and_never_compliance(self, city):
        profile = (await look_up(city, "93510104MA6YYY058N")).json()
        assert profile["sections"]["tax"]["outcome"] == "not_found"
        assert profile["headline"]["taxes_on_time"]["reason"]["code"] == "no_record"


class TestSites:
    async def test_a_chain_without_a_chosen_site_lists_its_sites(self, city):
        answer = (await look_up(city, CHAIN)).json()["headline"]["fire_permit"]
        assert answer["reason"]["code"] == "site_not_chosen"
        assert [s["site_ref"] for s in answer["sites"]] == ["S001", "S002", "S003"]

    @pytest.mark.parametrize(
        ("site", "wanted"), [("S001", "yes"), ("S002", "no"), ("S003", "yes"), ("S009", "unknown")]
    )
    async def test_each_site_has_its_own_permit(self, city, site, wanted):
        answer = (await look_up(city, CHAIN, site=site)).json()["headline"]["fire_permit"]
        assert answer["answer"] == wanted


class TestBroken:
    async def test_three_broken_departments_cost_only_their_own_sections(self, city, departments):
        for name, mode in {"human_resources": "down", "fire": "hang", "ecology": "garbage"}.items():
            departments.set(name, mode)
        response = await city.inspector.get(
            f"/v1/profiles/{CLEAN}", params={"purpose": "patrol"}, headers={"Deadline": "600"}
        )
        profile = response.json()
        assert response.status_code == 200
        assert profile["completeness"]["answered"] == SECTIONS - 3
        assert sorted(profile["completeness"]["missing"]) == ["ecology", "fire", "human_resources"]
        outcomes = {
            n: (s["outcome"], s.get("reason", {}).get("code"))
            for n, s in profile["sections"].items()
        }
        assert outcomes["human_resources"] == ("unavailable", "connect_failed")
        assert outcomes["fire"] == ("timed_out", "deadline_exceeded")
        assert outcomes["ecology"] == ("malformed", "encoding")
        assert profile["headline"]["fire_permit"]["answer"] == "unknown"
        assert profile["completeness"]["required_missing"] == ["fire"]

    async def test_what_was_known_before_comes_as_stale_and_the_headline_stays_unknown(
        self, city, departments
    ):
        async with asyncio.timeout(20):  # a machine that is busy answers late at first
            while (await look_up(city, CLEAN, purpose="patrol")).json()["headline"]["fire_permit"][
                "answer"
            ] != "yes":
                await asyncio.sleep(0.05)
        departments.set("fire", "error")
        profile = (await look_up(city, CLEAN, purpose="patrol")).json()
        assert profile["sections"]["fire"]["outcome"] == "stale"
        assert profile["sections"]["fire"]["reason"]["code"] == "upstream_error"
        answer = profile["headline"]["fire_permit"]
        assert (answer["answer"], answer["last_known"]["answer"], answer["reason"]["code"]) == (
            "unknown",
            "yes",
            "stale",
        )

    async def test_when_nobody_answers_it_is_503_with_the_same_shape(self, city, departments):
        for name in departments.addresses:
            departments.set(name, "down")
        response = await look_up(city, CLEAN, purpose="patrol")
        assert response.status_code == 503
        assert (response.json()["completeness"]["answered"], response.headers["retry-after"]) == (
            0,
            "2",
        )
        assert set(response.json()["sections"]) == set(departments.addresses)

    async def test_a_gateway_without_adapters_says_so(self, gateway):
        response = await look_up(gateway, CLEAN, purpose="patrol")
        assert response.status_code == 503
        assert response.json()["headline"]["registered"]["reason"]["code"] == "not_asked"

    async def test_a_department_that_hangs_is_let_go_at_the_deadline(self, city, departments):
        departments.set("fire", "hang")
        profile = (
            await city.inspector.get(
                f"/v1/profiles/{MAIN}", params={"purpose": "patrol"}, headers={"Deadline": "1500"}
            )
        ).json()
        assert profile["sections"]["fire"]["outcome"] == "timed_out"
        assert profile["completeness"]["answered"] >= 11
        await asyncio.sleep(0.05)
        assert ENGINE.of(city.app).disclosure.dispatcher.lanes["fire"].in_flight == 0


class TestClasses:
    async def test_a_patrol_sees_the_headline_but_no_class_2(self, city):
        profile = (await look_up(city, MAIN, purpose="patrol")).json()
        tax = profile["sections"]["tax"]
        assert profile["headline"]["taxes_on_time"]["answer"] == "no"
        assert "fact" not in profile["headline"]["taxes_on_time"]
        assert "overdue_filing_count" not in tax["data"]
        assert {"/overdue_filing_count", "/taxpayer_status"} <= {
            w["pointer"] for w in tax["withheld"]
        }
        assert tax["classes"] == [3, 4]

    async def test_an_open_task_opens_class_2_and_never_class_1(self, city):
        profile = (await look_up(city)).json()
        tax = profile["sections"]["tax"]["data"]
        assert tax["overdue_filing_count"] == 1
        assert "declared_tax" not in tax
        assert "risk_class" not in profile["sections"]["registration"]["data"]
        assert not any(
            "declared" in w["pointer"] for w in profile["sections"]["tax"].get("withheld", [])
        )

    async def test_personal_data_is_masked(self, city):
        patrol = (await look_up(city, MAIN, purpose="patrol")).json()["sections"]["registration"]
        assert patrol["data"]["contact_phone"].count("*") == 4
        assert "legal_rep_id_no" not in patrol["data"]
        inspection = (await look_up(city)).json()["sections"]["registration"]
        assert inspection["data"]["legal_rep_id_no"][6:14] == "********"
        assert {m["pointer"] for m in inspection["masked"]} == {"/legal_rep_id_no"}

    async def test_an_officer_sees_class_2_of_the_own_department_without_a_task(self, city):
        own = city.caller("tax-1", Role.INSPECTOR, department="tax")
        profile = (await look_up(city, MAIN, client=own, purpose="patrol")).json()
        assert profile["sections"]["tax"]["data"]["overdue_filing_count"] == 1
        assert "hazards" in {
            w["pointer"].strip("/") for w in profile["sections"]["fire"]["withheld"]
        }

    async def test_a_patroller_of_the_department_does_not(self, city):
        patroller = city.caller("tax-2", Role.PATROLLER, department="tax")
        profile = (await look_up(city, MAIN, client=patroller, purpose="patrol")).json()
        assert "overdue_filing_count" not in profile["sections"]["tax"]["data"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("business_id", "code", "extra"),
        [
            ("91110105MA0YYY014U", "identifier.check_character", {"expected": "T", "position": 18}),
            (
                "9111010SMA0YYY014T",
                "identifier.charset",
                {"position": 8, "suggestions": ["91110105MA0YYY014T"]},
            ),
            ("91110105MA0YYY014", "identifier.length", {}),
            ("99120101MAFYYY150N", "identifier.authority_category", {"position": 2}),
            ("11010519491231002X", "identifier.personal_number", {}),
            ("JY13301061234567", "profile.identifier_needs_resolving", {}),
        ],
    )
    async def test_identifiers_that_cannot_be_asked_for(self, gateway, business_id, code, extra):
        response = await look_up(gateway, business_id, purpose="patrol")
        problem = response.json()
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["code"] == code
        assert problem["errors"][0]["pointer"] == "/path/business_id"
        assert extra.items() <= problem.items()
        assert problem["what_now"]["zh"]

    @pytest.mark.parametrize(
        ("params", "status", "code"),
        [
            ({"purpose": "curiosity"}, 422, "profile.purpose_unknown"),
            ({"purpose": "inspection"}, 422, "profile.task_required"),
            ({"purpose": "inspection", "task": "0" * 36}, 403, "profile.task_not_valid"),
            ({"purpose": "patrol", "sight": "S001"}, 422, "request.invalid"),
            ({}, 422, "request.invalid"),
        ],
    )
    async def test_purposes_and_tasks(self, gateway, params, status, code):
        response = await gateway.inspector.get(f"/v1/profiles/{CLEAN}", params=params)
        assert (response.status_code, response.json()["code"]) == (status, code)

    async def test_a_role_has_only_its_own_purposes(self, gateway):
        patroller = gateway.caller("p-1", Role.PATROLLER)
        response = await patroller.get(
            f"/v1/profiles/{CLEAN}", params={"purpose": "inspection", "task": "0" * 36}
        )
        assert response.json()["code"] == "profile.purpose_not_yours"

    async def test_another_ones_task_another_business_and_a_closed_task_are_refused(self, gateway):
        task = await gateway.task(CLEAN)
        stranger = gateway.caller("inspector-9", Role.INSPECTOR)
        refused = [
            await look_up(gateway, CLEAN, client=stranger, task=task),
            await look_up(gateway, MAIN, client=gateway.inspector, task=task),
        ]
        await gateway.leader.post(f"/v1/tasks/{task}:close")
        refused.append(await look_up(gateway, CLEAN, client=gateway.inspector, task=task))
        assert [r.json()["code"] for r in refused] == ["profile.task_not_valid"] * 3


class TestEtag:
    async def test_the_same_content_is_304_and_a_changed_one_is_not(self, city, departments):
        first = await look_up(city, CLEAN, purpose="patrol")
        etag = first.headers["etag"]
        again = await city.inspector.get(
            f"/v1/profiles/{CLEAN}", params={"purpose": "patrol"}, headers={"If-None-Match": etag}
        )
        assert (again.status_code, again.content) == (304, b"")
        departments.set("customs", "error")
        changed = await look_up(city, CLEAN, purpose="patrol")
        assert changed.headers["etag"] != etag

    async def test_a_summary_has_no_data_and_its_own_etag(self, city):
        full = await look_up(city, CLEAN, purpose="patrol")
        summary = await look_up(city, CLEAN, purpose="patrol", view="summary")
        assert all("data" not in s for s in summary.json()["sections"].values())
        assert summary.json()["headline"]["registered"]["answer"] == "yes"
        assert summary.headers["etag"] != full.headers["etag"]
        assert len(summary.content) < len(full.content) / 2


class TestMany:
    async def test_forty_at_once_are_all_answered_and_traced(self, city):
        client = city.inspector
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(look_up(city, CLEAN, client=client, purpose="patrol"))
                for _ in range(40)
            ]
        entries = {t.result().json()["audit"]["entry"] for t in tasks}
        assert len(entries) == 40
        response = await city.auditor.get(
            "/v1/audit/entries", params={"event": "profile.business.viewed", "limit": 200}
        )
        assert entries <= {e["id"] for e in response.json()["items"]}


async def test_a_held_answer_is_recognised_weakly_and_gzip_may_be_refused(city):
    first = await look_up(city, CLEAN, purpose="patrol")
    etag = first.headers["etag"]
    bare = etag.removeprefix("W/")
    for held in (etag, bare, f'"other", {bare}', f"W/{bare}", "*"):
        path = f"/v1/profiles/{CLEAN}?purpose=patrol"
        again = await city.inspector.get(path, headers={"If-None-Match": held})
        assert again.status_code == 304, held
    plain = await city.inspector.get(
        f"/v1/profiles/{CLEAN}?purpose=patrol", headers={"Accept-Encoding": "gzip;q=0, *"}
    )
    assert "content-encoding" not in plain.headers


async def test_a_code_of_the_licence_is_asked_and_marked_also_in_its_entry(city):
    code = "91350203M00019XX19"
    refused = await look_up(city, code, purpose="patrol")
    problem = refused.json()
    assert (problem["code"], problem["unusual"]) == (
        "identifier.check_character",
        ["on_licence", "qr"],
    )
    path = f"/v1/profiles/{code}?purpose=patrol&unusual=on_licence"
    asked = await city.inspector.get(path)
    assert (asked.status_code, asked.json()["business"]["checks"]) == (
        200,
        {"check_character": "mismatch", "unusual": "on_licence"},
    )
    entries = (
        await city.auditor.get("/v1/audit/entries", params={"event": "profile.business.viewed"})
    ).json()["items"]
    assert entries[-1]["filter"] == "unusual=on_licence"


async def test_the_chains_other_shops_accuse_nobody(city):
    told = await city.inspector.get(f"/v1/profiles/{CHAIN}?purpose=patrol&site=S002")
    assert told.json()["conflicts"] == []
