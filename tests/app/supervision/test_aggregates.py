"""Counts over class 1 over HTTP: for analysts, by an agreement for analysis, and never of one business."""

import asyncio
from datetime import date

import pytest

from app.audit.events import EventName
from app.audit.sequencer import Sequencer
from app.registry.directory import Directory
from auth.principal import Role
from tests.app.agreements.test_acts import CITY, CLAUSES, Parties
from tests.fixtures.databases import ON_SQLITE

ASKED = "/v1/aggregates/emergency?by=trade"
COUNTS = {
    "purposes": ["analysis"],
    "strictest_class": 1,
    "headline": False,
    "daily_quota": 1000,
    "sections": [{"section": "emergency"}],
}


class Analysis:
    """Three parties of an agreement for analysis, and analysts."""

    def __init__(self, gateway):
        self.gateway = gateway

        def one(subject, role, department):
            return gateway.caller(subject, role, department=department, region=CITY)

        self.source = one("guo", Role.DATA_MANAGER, "emergency")
        self.user = one("tong", Role.DATA_MANAGER, "statistics")
        self.parties = Parties(gateway)
        self.analyst = one("fen", Role.ANALYST, "statistics")
        self.other = one("xi", Role.ANALYST, "tax")
        self.officer = one("o-1", Role.INSPECTOR, "statistics")

    async def units(self):
        await self.parties.units()
        system = self.gateway.caller("system", Role.SYSTEM_ADMINISTRATOR, region="000000")
        for unit_id, part in (("emergency", "source"), ("statistics", "application")):
            body = {
                "unit_id": f"{unit_id}-city",
                "tier": "city",
                "region": CITY,
                "department": unit_id,
            }
            body |= {"name": {"zh": unit_id, "en": unit_id}, "parts": [part]}
            assert (await system.post("/v1/units", json=body)).status_code == 201

    async def draft(self, status=201, **clauses):
        body = {
            "agreement_id": "counts", "source_unit": "emergency-city", "coordinator_unit": "data-city",
            "application_unit": "statistics-city", "clauses": {**CLAUSES, **COUNTS, **clauses},
        }  # fmt: skip
        answer = await self.user.post("/v1/agreements", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def agreed(self, **clauses):
        drafted = await self.draft(**clauses)
        path = "/v1/agreements/counts/versions/1"
        assert (await self.user.post(f"{path}:submit")).status_code == 200
        for client in (self.source, self.parties.data, self.user):
            answer = await client.post(f"{path}:sign", json={"digest": drafted["digest"]})
            assert answer.status_code == 200, answer.text

    async def suspend(self):
        path = "/v1/agreements/counts/versions/1:suspend"
        answer = await self.source.post(path, json={"reason": "the counts are wrong"})
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def analysis(city):
    found = Analysis(city)
    await found.units()
    return found


def refused(answer):
    return answer.status_code, answer.json()["code"]


async def test_counts_are_told_by_an_agreement_and_no_more_without(analysis):
    assert refused(await analysis.analyst.get(ASKED)) == (403, "aggregate.not_agreed")
    await analysis.agreed()
    found = (await analysis.analyst.get(ASKED)).json()
    assert (found["department"], found["agreement"]) == ("emergency", "counts@1")
    assert (found["metric"], found["by"], found["minimum_cell"]) == ("businesses", ["trade"], 5)
    counts = [cell["count"] for cell in found["cells"]]
    assert counts
    assert all(count >= 5 and count % 5 == 0 for count in counts)
    assert found["hidden"] >= 0
    assert refused(await analysis.other.get(ASKED)) == (403, "aggregate.not_agreed")
    assert refused(await analysis.officer.get(ASKED)) == (403, "auth.permission_missing")
    auditor = analysis.gateway.auditor
    entries = (await auditor.get("/v1/audit/entries?event=supervision.aggregate.viewed")).json()
    (entry,) = entries["items"]
    assert (entry["agreement"], entry["classes"], entry["purpose"]) == ("counts@1", [1], "analysis")
    assert (entry["filter"], entry["object_ref"]) == ("businesses by trade", "emergency")
    await analysis.suspend()
    assert refused(await analysis.analyst.get(ASKED)) == (403, "aggregate.not_agreed")


@ON_SQLITE
class TestAgreement:
    @pytest.mark.parametrize(
        "clauses",
        [
            {"purposes": ["analysis", "inspection"]},
            {"strictest_class": 2},
            {"daily_quota": None},
            {"purposes": ["inspection"]},
            {"purposes": ["inspection"], "strictest_class": 0},
        ],
    )
    async def test_class_1_is_for_analysis_alone(self, analysis, clauses):
        refusal = await analysis.draft(422, **clauses)
        assert refusal["code"] == "request.invalid"
        assert all(e["pointer"].startswith("/body/clauses") for e in refusal["errors"])

    async def test_it_opens_no_profile(self, analysis):
        await analysis.agreed()
        both = analysis.gateway.caller(
            "both", Role.ANALYST, Role.INSPECTOR, department="statistics", region=CITY
        )
        answer = await both.get("/v1/profiles/91330106MA2YYY034D?purpose=analysis")
        assert refused(answer) == (422, "profile.purpose_unknown")

    async def test_only_fields_that_it_names(self, analysis):
        sections = [{"section": "emergency", "fields": ["permits"]}]
        await analysis.agreed(sections=sections)
        assert (await analysis.analyst.get(ASKED)).status_code == 200
        other = await analysis.analyst.get("/v1/aggregates/emergency?by=safety_standard_level")
        assert refused(other) == (403, "aggregate.not_agreed")

    async def test_by_nothing_that_names_a_business(self, analysis):
        await analysis.agreed()
        for name in ("permits", "uscc", "businesses", "open_major_hazard_count"):
            answer = await analysis.analyst.get(f"/v1/aggregates/emergency?by=trade&by={name}")
            assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
                ("/query/by/1", "dimension_open")
            ]

    async def test_no_more_often_than_its_quota(self, analysis):
        await analysis.agreed(daily_quota=2)
        answers = await asyncio.gather(*(analysis.analyst.get(ASKED) for _ in range(5)))
        assert sorted(a.status_code for a in answers) == [200, 200, 403, 403, 403]
        assert {refused(a)[1] for a in answers if a.is_error} == {"aggregate.quota_exhausted"}

    async def test_before_and_after_its_term_nothing(self, analysis):
        await analysis.agreed(valid_from=date.max.replace(year=2199).isoformat())
        assert refused(await analysis.analyst.get(ASKED)) == (403, "aggregate.not_agreed")

    async def test_of_other_roles_than_it_names_nothing(self, analysis):
        await analysis.agreed(roles=["cdo"])
        assert refused(await analysis.analyst.get(ASKED)) == (403, "aggregate.not_agreed")


@ON_SQLITE
class TestAnswers:
    async def test_a_section_nobody_counts_is_said_so(self, analysis):
        await analysis.agreed()
        for section in ("fire", "nothing_of_that_name"):
            answer = await analysis.analyst.get(f"/v1/aggregates/{section}?by=trade")
            assert refused(answer) == (422, "aggregate.not_offered")

    @pytest.mark.parametrize("query", ["", "?by=", "?by=a", "?by=aa&by=bb&by=cc&by=dd"])
    async def test_bad_questions(self, analysis, query):
        answer = await analysis.analyst.get(f"/v1/aggregates/emergency{query}")
        assert refused(answer) == (422, "request.invalid")

    async def test_what_the_source_refuses_is_no_fact(self, analysis):
        await analysis.agreed()
        answer = await analysis.analyst.get("/v1/aggregates/emergency?by=division")
        assert refused(answer) == (503, "aggregate.unanswered")

    @pytest.mark.parametrize(
        "told", [{"minimum_cell": 1, "cells": [{"key": ["a"], "count": 1}]}, {"cells": None}]
    )
    async def test_what_breaks_the_contract_is_not_told(self, analysis, monkeypatch, told):
        await analysis.agreed()

        async def count(*_asked):
            return told

        monkeypatch.setattr(Directory, "count", count)
        assert refused(await analysis.analyst.get(ASKED)) == (503, "aggregate.unanswered")

    async def test_what_ends_while_the_source_is_asked_is_not_told(self, analysis, monkeypatch):
        await analysis.agreed()
        asked = Directory.count

        async def count(self, *question):
            found = await asked(self, *question)
            await analysis.suspend()
            return found

        monkeypatch.setattr(Directory, "count", count)
        assert refused(await analysis.analyst.get(ASKED)) == (403, "aggregate.not_agreed")
        assert await self.viewed(analysis) == []

    async def test_what_ends_while_the_entry_is_written_is_not_told(self, analysis, monkeypatch):
        await analysis.agreed()
        written = Sequencer.append

        async def append(self, event, *more):
            if event.event is EventName.AGGREGATE_VIEWED:
                await analysis.suspend()
            return await written(self, event, *more)

        monkeypatch.setattr(Sequencer, "append", append)
        assert refused(await analysis.analyst.get(ASKED)) == (403, "aggregate.not_agreed")

    async def viewed(self, analysis):
        path = "/v1/audit/entries?event=supervision.aggregate.viewed"
        return (await analysis.gateway.auditor.get(path)).json()["items"]

    async def test_a_system_that_is_suspended_counts_no_more(self, analysis):
        await analysis.agreed()
        manager = analysis.gateway.manager("emergency")
        reason = {"reason": "under repair"}
        assert (
            await manager.post("/v1/adapters/emergency:suspend", json=reason)
        ).status_code == 200
        assert refused(await analysis.analyst.get(ASKED)) == (422, "aggregate.not_offered")
