"""A profile section by section as its departments answer, and who leaves before its end."""

import asyncio
import json

from app.profile.deps import ENGINE
from tests.fixtures.databases import ON_SQLITE

pytestmark = ON_SQLITE

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"

NDJSON = {"Accept": "application/x-ndjson"}

PATROL = {"purpose": "patrol"}


def events(text):
    return [json.loads(row) for row in text.splitlines()]


async def entries(gateway, event):
    return (
        await gateway.auditor.get("/v1/audit/entries", params={"event": event, "limit": 200})
    ).json()["items"]


class TestStream:
    async def test_sections_come_one_by_one_each_traced_and_the_closing_part_last(self, city):
        response = await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL, headers=NDJSON)
        assert response.headers["content-type"].startswith("application/x-ndjson")
        told = events(response.text)
        kinds = [e["type"] for e in told]
        assert (kinds[0], kinds[-1]) == ("begin", "profile")
        assert sorted(kinds[1:-1]) == ["headline"] * 3 + ["section"] * 13
        names = [e["value"]["name"] for e in told if e["type"] == "section"]
        assert sorted(names) == sorted(told[0]["value"]["asked"])
        assert {e["object_ref"] for e in await entries(city, "profile.section.viewed")} == set(
            names
        )
        assert len(await entries(city, "profile.business.viewed")) == 1

    async def test_an_answer_comes_with_the_section_that_completes_it_in_its_entry(self, city):
        response = await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL, headers=NDJSON)
        told = events(response.text)
        seen, answers = [], {}
        for event in told:
            if event["type"] == "section":
                seen.append(event["value"]["name"])
            if event["type"] == "headline":
                answers[event["value"]["question"]] = (event["value"]["answer"], seen[-1])
        assert {q: answer for q, (answer, _) in answers.items()} == told[-1]["value"]["headline"]
        assert answers["registered"][1] == "registration"
        assert answers["taxes_on_time"][1] == "tax"
        assert answers["fire_permit"][1] in {"fire", "registration", "food"}
        filters = {
            e["object_ref"]: e.get("filter", "")
            for e in await entries(city, "profile.section.viewed")
        }
        assert "headline=registered" in filters["registration"]
        assert "headline=taxes_on_time" in filters["tax"]
        assert sum("headline=fire_permit" in f for f in filters.values()) == 1

    async def test_one_department_asked_again_brings_its_answer(self, city):
        whole = (await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL)).json()
        for name, question in (
            ("registration", "registered"),
            ("tax", "taxes_on_time"),
            ("fire", "fire_permit"),
        ):
            path = f"/v1/profiles/{MAIN}/sections/{name}"
            told = (await city.inspector.get(path, params=PATROL)).json()
            assert told["headline"] == {question: whole["headline"][question]}
        told = (
            await city.inspector.get(f"/v1/profiles/{MAIN}/sections/health", params=PATROL)
        ).json()
        assert told["headline"] == {}

    async def test_it_says_the_same_as_the_whole_profile(self, city):
        whole = (await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL)).json()
        told = events(
            (await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL, headers=NDJSON)).text
        )
        closing = told[-1]["value"]
        assert closing["etag"] == whole["etag"]
        for name in ("headline", "findings", "conflicts", "name"):
            assert closing[name] == whole[name]
        sections = {
            e["value"]["name"]: e["value"]["section"] for e in told if e["type"] == "section"
        }
        assert {n: s.get("data") for n, s in sections.items()} == {
            n: s.get("data") for n, s in whole["sections"].items()
        }

    async def test_server_sent_events_have_the_same_content(self, city):
        response = await city.inspector.get(
            f"/v1/profiles/{MAIN}", params=PATROL, headers={"Accept": "text/event-stream"}
        )
        blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
        kinds = [block[0] for block in blocks]
        assert (kinds[0], kinds[-1]) == ("event: begin", "event: profile")
        assert sorted(kinds[1:-1]) == ["event: headline"] * 3 + ["event: section"] * 13
        assert response.headers["x-accel-buffering"] == "no"
        assert all(json.loads(block[1].removeprefix("data: ")) for block in blocks)

    async def test_a_hanging_department_holds_up_nobody_elses_section(self, city, departments):
        departments.set("fire", "hang")
        told = events(
            (
                await city.inspector.get(
                    f"/v1/profiles/{CLEAN}", params=PATROL, headers={**NDJSON, "Deadline": "1800"}
                )
            ).text
        )
        assert told[-3]["value"]["name"] == "fire"
        assert told[-3]["value"]["section"]["outcome"] == "timed_out"
        assert told[-2]["value"]["question"] == "fire_permit"
        early = [e["value"]["question"] for e in told[:-3] if e["type"] == "headline"]
        assert sorted(early) == ["registered", "taxes_on_time"]
        assert told[-1]["value"]["completeness"]["missing"] == ["fire"]

    async def test_refusals_are_problem_documents_as_everywhere(self, city):
        response = await city.inspector.get(
            f"/v1/profiles/{MAIN}", params={"purpose": "inspection"}, headers=NDJSON
        )
        assert (response.status_code, response.json()["code"]) == (422, "profile.task_required")

    async def test_a_log_that_cannot_be_written_ends_the_stream_before_any_datum(self, city):
        await asyncio.to_thread(ENGINE.of(city.app).disclosure.sequencer.stop)
        told = events(
            (await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL, headers=NDJSON)).text
        )
        assert [e["type"] for e in told] == ["begin", "problem"]
        assert told[1]["value"]["code"] == "audit.unavailable"
