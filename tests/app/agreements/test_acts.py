"""Agreements between three named parties, over HTTP: signed over a digest, suspended by any of them."""

import pytest

from app.agreements.models import AgreementVersion
from app.core.deps import DATABASE
from auth.principal import Role
from tests.fixtures.databases import ON_SQLITE

MAIN = "91330106MA2YYY034D"
CITY = "330100"
CLAUSES = {
    "purposes": ["inspection"], "legal_basis": "政务数据共享条例第二十条", "strictest_class": 2, "headline": True,
    "sections": [{"section": "tax", "fields": ["taxpayer_name", "overdue_filing_count"]}],
    "valid_from": "2026-01-01", "security_responsible": "陈某",
}  # fmt: skip
PARTIES = {
    "source_unit": "tax-city",
    "coordinator_unit": "data-city",
    "application_unit": "fire-city",
}
SEED = "/v1/agreements/seed-inspection/versions/1"


class Parties:
    """People of three units of a city, and others."""

    def __init__(self, gateway):
        def one(subject, role, department=None, region=CITY):
            return gateway.caller(subject, role, department=department, region=region)

        self.gateway = gateway
        self.tax = one("sun", Role.CDO, "tax")
        self.fire = one("chen", Role.DATA_MANAGER, "fire")
        self.data = one("lin", Role.COORDINATOR)
        self.nation = one("nation", Role.COORDINATOR, None, "000000")
        self.food = one("food", Role.DATA_MANAGER, "food")
        self.county = one("county", Role.DATA_MANAGER, "tax", "330106")
        self.officer = one("inspector-1", Role.INSPECTOR, "fire")

    async def units(self):
        system = self.gateway.caller("system", Role.SYSTEM_ADMINISTRATOR, region="000000")
        for unit_id, department, part in (
            ("tax-city", "tax", "source"), ("fire-city", "fire", "application"), ("data-city", None, "coordinator"),
            ("food-city", "food", "source"),
        ):  # fmt: skip
            body = {
                "unit_id": unit_id,
                "name": {"zh": "某", "en": "x"},
                "tier": "city",
                "region": CITY,
                "parts": [part],
            }
            if department:
                body["department"] = department
            assert (await system.post("/v1/units", json=body)).status_code == 201

    async def draft(self, client=None, status=201, **changes):
        clauses = {**CLAUSES, **changes.pop("clauses", {})}
        body = {"agreement_id": "fire-tax", **PARTIES, "clauses": clauses, **changes}
        answer = await (client or self.fire).post("/v1/agreements", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def sign(self, client, drafted, **more):
        path = f"/v1/agreements/fire-tax/versions/{drafted['version']}:sign"
        return await client.post(path, json={"digest": drafted["digest"], **more})

    async def in_force(self, **changes):
        drafted = await self.draft(**changes)
        path = "/v1/agreements/fire-tax/versions/1"
        assert (await self.fire.post(f"{path}:submit")).status_code == 200
        for client in (self.tax, self.data, self.fire):
            answer = await self.sign(client, drafted)
            assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "active"
        return answer.json()

    async def tax_seen(self):
        task = await self.gateway.task(MAIN)
        params = {"purpose": "inspection", "task": task}
        answer = await self.officer.get(f"/v1/profiles/{MAIN}", params=params)
        return answer.json()["sections"]["tax"]


@pytest.fixture
async def parties(gateway):
    found = Parties(gateway)
    await found.units()
    return found


async def test_a_field_appears_with_an_agreement_and_goes_with_its_suspension(city):
    parties = Parties(city)
    await parties.units()
    assert (await parties.tax_seen())["data"]["overdue_filing_count"] == 1
    reason = {"reason": "replaced by agreements of the departments"}
    assert (await parties.nation.post(f"{SEED}:suspend", json=reason)).status_code == 200
    tax = await parties.tax_seen()
    assert (tax["outcome"], tax["reason"]["code"]) == ("denied", "agreement_missing")

    asked = {
        "business_id": MAIN,
        "section": "tax",
        "purpose": "inspection",
        "task": await city.task(MAIN),
    }
    told = (await parties.officer.post("/v1/decisions:explain", json=asked)).json()
    field = next(f for f in told["fields"] if f["field"] == "overdue_filing_count")
    assert (field["verdict"], field["reason"]) == ("withhold", "agreement_missing")
    assert [c["check"] for c in field["smallest_change"]] == ["agreement_missing"]

    signed = await parties.in_force()
    tax = await parties.tax_seen()
    assert tax["agreement"] == "fire-tax@1"
    assert tax["data"]["overdue_filing_count"] == 1
    withheld = {row["pointer"]: row["reason"] for row in tax["withheld"]}
    assert withheld["/taxpayer_status"] == "not_in_agreement"
    assert "taxpayer_status" not in tax["data"]
    assert {a["party"]: a["subject"] for a in signed["acts"] if a["act"] == "sign"} == {
        "source": "sun", "coordinator": "lin", "application": "chen",
    }  # fmt: skip
    told = (await parties.officer.post("/v1/decisions:explain", json=asked)).json()
    verdicts = {f["field"]: f["verdict"] for f in told["fields"]}
    assert (verdicts["overdue_filing_count"], verdicts["taxpayer_status"]) == (
        "release",
        "withhold",
    )

    path = "/v1/agreements/fire-tax/versions/1"
    assert (await parties.tax.post(f"{path}:suspend", json=reason)).status_code == 200
    assert (await parties.tax_seen())["outcome"] == "denied"
    other = await parties.fire.post(f"{path}:resume", json=reason)
    assert (other.status_code, other.json()["code"]) == (403, "agreement.not_a_party")
    assert (await parties.tax.post(f"{path}:resume", json=reason)).status_code == 200
    assert (await parties.tax_seen())["data"]["overdue_filing_count"] == 1


@ON_SQLITE
class TestSigning:
    async def test_every_party_signs_over_what_it_read(self, parties):
        drafted = await parties.draft()
        assert (drafted["state"], drafted["kind"]) == ("draft", "application")
        early = await parties.sign(parties.tax, drafted)
        assert (early.status_code, early.json()["code"]) == (409, "agreement.transition_refused")
        await parties.fire.post("/v1/agreements/fire-tax/versions/1:submit")
        other = await parties.sign(parties.tax, drafted | {"digest": "0" * 64})
        assert (other.status_code, other.json()["code"]) == (409, "agreement.digest_differs")
        assert (await parties.sign(parties.tax, drafted)).json()["waits_for"] == [
            "coordinator", "application",
        ]  # fmt: skip
        again = await parties.sign(parties.tax, drafted)
        assert (again.status_code, again.json()["code"]) == (409, "agreement.signed_twice")

    async def test_above_departments_nobody_signs_for_one(self, parties):
        """Whatever roles he has beside his own."""
        drafted = await parties.draft()
        await parties.fire.post("/v1/agreements/fire-tax/versions/1:submit")
        both = parties.gateway.caller("lin", Role.COORDINATOR, Role.CDO)
        signed = (await parties.sign(both, drafted)).json()
        assert [(a["party"], a["subject"]) for a in signed["acts"] if a["act"] == "sign"] == [
            ("coordinator", "lin"),
        ]  # fmt: skip

    async def test_nobody_signs_for_two_parties(self, parties):
        drafted = await parties.draft()
        await parties.fire.post("/v1/agreements/fire-tax/versions/1:submit")
        assert (await parties.sign(parties.data, drafted)).status_code == 200
        same = parties.gateway.caller("lin", Role.CDO, department="tax")
        answer = await parties.sign(same, drafted)
        assert (answer.status_code, answer.json()["code"]) == (409, "agreement.signed_twice")

    async def test_others_know_nothing_of_it(self, parties):
        drafted = await parties.draft()
        await parties.fire.post("/v1/agreements/fire-tax/versions/1:submit")
        for stranger in (parties.food, parties.county):
            assert (await parties.sign(stranger, drafted)).json()["code"] == "agreement.unknown"
            path = "/v1/agreements/fire-tax/versions/1"
            assert (await stranger.get(path)).status_code == 404
            listed = (await stranger.get("/v1/agreements")).json()["items"]
            assert "fire-tax" not in {each["agreement_id"] for each in listed}
        not_a_party = await parties.draft(parties.food, 403, agreement_id="other")
        assert not_a_party["code"] == "agreement.not_a_party"

    async def test_a_leader_drafts_nothing(self, parties):
        leader = parties.gateway.leader
        body = {"agreement_id": "x-y", **PARTIES, "clauses": CLAUSES}
        assert (await leader.post("/v1/agreements", json=body)).status_code == 403

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"source_unit": "nowhere"}, "/body/source_unit"),
            ({"source_unit": "fire-city"}, "/body/source_unit"),
            ({"coordinator_unit": "tax-city"}, "/body/coordinator_unit"),
            ({"clauses": {"regions": ["310115"]}}, "/body/clauses/regions/0"),
        ],
    )
    async def test_parties_are_units_that_are_such(self, parties, changes, pointer):
        refused = await parties.draft(status=422, **changes)
        assert (refused["code"], refused["errors"][0]["pointer"]) == (
            "agreement.party_unfit",
            pointer,
        )

    @pytest.mark.parametrize(
        "clauses",
        [
            {"purposes": []}, {"purposes": ["curiosity"]}, {"strictest_class": 1}, {"strictest_class": 5},
            {"sections": []}, {"sections": [{"section": "tax", "fields": ["nothing"]}]},
            {"sections": [{"section": "tax"}, {"section": "tax"}]}, {"valid_to": "2025-01-01"},
            {"legal_basis": "x"}, {"offline_hours": 1000}, {"unheard": 1},
        ],
    )  # fmt: skip
    async def test_clauses_are_checked(self, parties, clauses):
        refused = await parties.draft(status=422, clauses=clauses)
        assert refused["code"] == "request.invalid"

    @pytest.mark.parametrize(
        "missing",
        ["legal_basis", "purposes", "strictest_class", "valid_from", "security_responsible"],
    )
    async def test_a_draft_states_what_the_law_asks_for(self, parties, missing):
        clauses = {name: value for name, value in CLAUSES.items() if name != missing}
        body = {"agreement_id": "fire-tax", **PARTIES, "clauses": clauses}
        answer = await parties.fire.post("/v1/agreements", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/body/clauses/{missing}"

    async def test_one_of_a_later_release_is_listed_without_its_clauses(self, parties):
        await parties.draft()
        with DATABASE.of(parties.gateway.app).write() as session:
            row = session.get(AgreementVersion, ("fire-tax", 1))
            row.clauses = {**row.clauses, "purposes": ["of a later release"]}
        listed = (await parties.fire.get("/v1/agreements?limit=200")).json()["items"]
        told = {row["agreement_id"]: row["clauses"] for row in listed}
        assert told["fire-tax"] is None
        path = "/v1/agreements/fire-tax"
        assert (await parties.fire.get(f"{path}/versions/1")).json()["clauses"] is None
        answer = await parties.fire.get(f"{path}/changes?before=1&after=1")
        assert (answer.status_code, answer.json()["code"]) == (409, "agreement.unreadable")

    async def test_onward_sharing_needs_the_right_to_transfer(self, parties):
        clauses = {**CLAUSES, "onward_sharing": True}
        body = {"agreement_id": "fire-tax", **PARTIES, "clauses": clauses}
        answer = await parties.fire.post("/v1/agreements", json=body)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (
            422,
            "/body/clauses/onward_sharing",
            "right_to_transfer_missing",
        )
        assert "tax" in error["text"]["zh"]
        body["clauses"]["sections"] = [{"section": "fire"}]
        body |= {"source_unit": "fire-source", "agreement_id": "fire-fire"}
        system = parties.gateway.caller("system", Role.SYSTEM_ADMINISTRATOR, region="000000")
        unit = {"unit_id": "fire-source", "tier": "city", "region": CITY, "department": "fire"}
        unit |= {"name": {"zh": "某", "en": "x"}, "parts": ["source"]}
        assert (await system.post("/v1/units", json=unit)).status_code == 201
        answer = await parties.fire.post("/v1/agreements", json=body)
        assert answer.status_code == 201, answer.text

    async def test_whoever_turns_a_draft_down_says_why(self, parties):
        await parties.draft()
        path = "/v1/agreements/fire-tax/versions/1"
        await parties.fire.post(f"{path}:submit")
        for body in ({}, {"reason": ""}, {"reason": "no"}):
            assert (await parties.tax.post(f"{path}:reject", json=body)).status_code == 422
        told = await parties.tax.post(f"{path}:reject", json={"reason": "the purpose is too wide"})
        assert told.json()["acts"][-1]["reason"] == "the purpose is too wide"

    async def test_a_further_version_takes_the_place_once_all_have_signed(self, parties):
        await parties.in_force()
        body = {"clauses": CLAUSES | {"strictest_class": 3, "curiosity": 5}}
        refused = await parties.fire.post("/v1/agreements/fire-tax/versions", json=body)
        assert refused.status_code == 422
        body["clauses"].pop("curiosity")
        second = (await parties.fire.post("/v1/agreements/fire-tax/versions", json=body)).json()
        assert (second["version"], second["state"]) == (2, "draft")
        diff = await parties.tax.get(
            "/v1/agreements/fire-tax/changes", params={"before": 1, "after": 2}
        )
        assert diff.json()["changes"] == [{"clause": "strictest_class", "before": 2, "after": 3}]
        await parties.fire.post("/v1/agreements/fire-tax/versions/2:submit")
        for client in (parties.tax, parties.data, parties.fire):
            first = (await client.get("/v1/agreements/fire-tax/versions/1")).json()
            assert first["state"] == "active"
            assert (await parties.sign(client, second)).status_code == 200
        first = (await parties.tax.get("/v1/agreements/fire-tax/versions/1")).json()
        assert first["state"] == "archived"

    async def revised(self, parties, *signing, **changes):
        """A further version, handed in and signed by some."""
        body = {"clauses": {**CLAUSES, **changes}}
        drafted = (await parties.fire.post("/v1/agreements/fire-tax/versions", json=body)).json()
        path = f"/v1/agreements/fire-tax/versions/{drafted['version']}"
        assert (await parties.fire.post(f"{path}:submit")).status_code == 200
        for client in signing:
            assert (await parties.sign(client, drafted)).status_code == 200
        return drafted

    async def state(self, parties, version):
        found = await parties.data.get(f"/v1/agreements/fire-tax/versions/{version}")
        return found.json()["state"]

    async def test_an_older_version_is_not_signed_into_force_later(self, parties):
        await parties.in_force()
        wide = await self.revised(parties, parties.tax, parties.data, strictest_class=2)
        everybody = (parties.tax, parties.data, parties.fire)
        await self.revised(parties, *everybody, strictest_class=4)
        assert [await self.state(parties, n) for n in (1, 2, 3)] == [
            "archived",
            "rejected",
            "active",
        ]
        late = await parties.sign(parties.fire, wide)
        assert (late.status_code, late.json()["code"]) == (409, "agreement.transition_refused")

    async def test_what_a_party_has_stopped_is_not_let_on_by_its_older_signature(self, parties):
        await parties.in_force()
        second = await self.revised(parties, parties.tax, parties.data)
        path, reason = "/v1/agreements/fire-tax/versions/1", {"reason": "misuse"}
        assert (await parties.tax.post(f"{path}:suspend", json=reason)).status_code == 200
        last = await parties.sign(parties.fire, second)
        code = "agreement.other_version_suspended"
        assert (last.status_code, last.json()["code"]) == (409, code)
        assert (await parties.tax.post(f"{path}:archive", json=reason)).status_code == 200
        assert [await self.state(parties, n) for n in (1, 2)] == ["archived", "rejected"]

    async def test_each_party_that_suspends_lets_it_go_on_itself(self, parties):
        await parties.in_force()
        path, reason = "/v1/agreements/fire-tax/versions/1", {"reason": "checking"}
        assert (await parties.fire.post(f"{path}:suspend", json=reason)).status_code == 200
        again = await parties.fire.post(f"{path}:suspend", json=reason)
        assert again.json()["code"] == "agreement.transition_refused"
        assert (await parties.tax.post(f"{path}:suspend", json=reason)).status_code == 200
        assert (await parties.fire.post(f"{path}:resume", json=reason)).json()[
            "state"
        ] == "suspended"
        assert (await parties.tax.post(f"{path}:resume", json=reason)).json()["state"] == "active"

    async def test_what_is_stopped_does_not_begin_again_with_a_later_version(self, parties):
        await parties.in_force()
        everybody = (parties.tax, parties.data, parties.fire)
        await self.revised(parties, *everybody, valid_from="2099-02-01")
        path, reason = "/v1/agreements/fire-tax/versions/1", {"reason": "misuse"}
        assert (await parties.tax.post(f"{path}:suspend", json=reason)).status_code == 200
        assert [await self.state(parties, n) for n in (1, 2)] == ["suspended", "suspended"]
        second = path.replace("/1", "/2")
        other = await parties.fire.post(f"{second}:resume", json=reason)
        assert other.json()["code"] == "agreement.not_a_party"
        assert (await parties.tax.post(f"{second}:resume", json=reason)).json()["state"] == "active"

    async def test_one_that_begins_later_leaves_no_gap(self, parties):
        await parties.in_force()
        everybody = (parties.tax, parties.data, parties.fire)
        await self.revised(parties, *everybody, valid_from="2099-02-01")
        first = (await parties.tax.get("/v1/agreements/fire-tax/versions/1")).json()
        assert (first["state"], first["last_day"]) == ("active", "2099-01-31")

    async def test_a_unit_that_changed_since_is_not_signed_for(self, parties):
        drafted = await parties.draft()
        await parties.fire.post("/v1/agreements/fire-tax/versions/1:submit")
        system = parties.gateway.caller("system", Role.SYSTEM_ADMINISTRATOR, region="000000")
        body = {"name": {"zh": "某", "en": "x"}, "tier": "county", "region": "330106"}
        body |= {"department": "fire", "parts": ["application"]}
        assert (await system.put("/v1/units/fire-city", json=body)).status_code == 200
        answer = await parties.sign(parties.tax, drafted)
        assert (answer.status_code, answer.json()["code"]) == (409, "agreement.digest_differs")

    async def test_the_data_authority_is_the_sources(self, parties):
        system = parties.gateway.caller("system", Role.SYSTEM_ADMINISTRATOR, region="000000")
        body = {"unit_id": "data-elsewhere", "name": {"zh": "某", "en": "x"}, "tier": "city"}
        body |= {"region": "310000", "parts": ["coordinator"]}
        assert (await system.post("/v1/units", json=body)).status_code == 201
        refused = await parties.draft(status=422, coordinator_unit="data-elsewhere")
        assert refused["errors"][0]["pointer"] == "/body/coordinator_unit"

    async def test_what_there_was_before_parties_has_no_further_version(self, parties):
        answer = await parties.nation.post(
            "/v1/agreements/seed-patrol/versions", json={"clauses": CLAUSES}
        )
        assert answer.json()["code"] == "agreement.not_a_party"

    async def test_a_version_that_was_turned_down_stays_so(self, parties):
        drafted = await parties.draft()
        await parties.fire.post("/v1/agreements/fire-tax/versions/1:submit")
        path, reason = "/v1/agreements/fire-tax/versions/1", {"reason": "too deep"}
        rejected = (await parties.tax.post(f"{path}:reject", json=reason)).json()
        assert (rejected["state"], rejected["acts"][-1]["reason"]) == ("rejected", "too deep")
        assert (await parties.sign(parties.data, drafted)).status_code == 409


@ON_SQLITE
class TestExplain:
    async def ask(self, city, client=None, **more):
        body = {"business_id": MAIN, "section": "tax", "purpose": "inspection", **more}
        return await (client or city.inspector).post("/v1/decisions:explain", json=body)

    async def test_class_1_is_as_unknown_as_what_does_not_exist(self, city):
        answers = [
            (await self.ask(city, fields=[name])).json() for name in ("declared_tax", "nothing")
        ]
        told = [{**a, "trace_id": "", "instance": ""} for a in answers]
        assert told[0] == told[1]
        assert told[0]["code"] == "request.invalid"
        whole = (await self.ask(city)).json()
        assert not {f["field"] for f in whole["fields"]} & {"declared_tax", "declared_revenue"}

    async def test_it_agrees_with_what_is_then_released(self, city):
        task = await city.task(MAIN)
        params = {"purpose": "inspection", "task": task}
        profile = (await city.inspector.get(f"/v1/profiles/{MAIN}", params=params)).json()
        told = (await self.ask(city, task=task)).json()
        tax = profile["sections"]["tax"]
        released = {f["field"] for f in told["fields"] if f["verdict"] != "withhold"}
        assert set(tax["data"]) - {"sites"} <= released
        withheld = {f["field"] for f in told["fields"] if f["verdict"] == "withhold"}
        assert withheld == {row["pointer"].strip("/") for row in tax.get("withheld", [])}
        assert told["region"] == "330106"

    async def test_of_somebody_elses_task_nothing_is_told(self, city):
        """Whether it exists, is open, or what it is about."""
        theirs = await city.task(MAIN, assignees=["li"])
        ours = city.caller("sun", Role.INSPECTOR, department="fire", region="000000")
        told = [
            (await self.ask(city, ours, task=task)).json()["checks"] for task in (theirs, "0" * 36)
        ]
        assert told[0] == told[1]
        assert told[0][-1]["check"] == "task_yours"

    async def test_without_a_task_the_leader_is_named(self, city):
        told = (await self.ask(city)).json()
        assert (told["may_ask"], told["checks"][-1]["check"]) == (False, "task_given")
        assert told["checks"][-1]["what_now"]["en"]
        field = told["fields"][0]
        assert field["smallest_change"][0]["check"] == "task_given"

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"business_id": "x"}, "identifier.length"), ({"section": "nowhere"}, "profile.section_not_served"),
            ({"unheard": 1}, "request.invalid"),
        ],
    )  # fmt: skip
    async def test_what_cannot_be_explained(self, city, more, code):
        answer = await self.ask(city, **more)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
