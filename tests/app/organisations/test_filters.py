"""Filters with a name: everybody's own, bounded, and worth no more than he may see."""

import pytest

from app.organisations.filters.service import MOST
from auth.principal import Role

PATH = "/v1/saved-filters/records"


def filter_of(name="本月不符合", query="result=nonconform&since=2026-11-01"):
    return {"name": name, "query": query}


class TestSavedFilters:
    async def test_kept_replaced_listed_by_name_and_forgotten(self, gateway):
        mine = gateway.supervisor
        for name in ("乙", "甲", "a"):
            assert (await mine.put(PATH, json=filter_of(name))).status_code == 200
        await mine.put(PATH, json=filter_of("甲", "state=submitted"))
        rows = (await mine.get(PATH)).json()
        assert [row["name"] for row in rows] == sorted(["乙", "甲", "a"])
        assert {row["name"]: row["query"] for row in rows}["甲"] == "state=submitted"
        assert (await mine.post(f"{PATH}:drop", json={"name": "甲"})).status_code == 204
        gone = await mine.post(f"{PATH}:drop", json={"name": "甲"})
        assert (gone.status_code, gone.json()["code"]) == (404, "filter.unknown")

    async def test_nobody_sees_or_drops_another_s(self, gateway):
        await gateway.supervisor.put(PATH, json=filter_of())
        other = gateway.caller("somebody-else", Role.SUPERVISOR)
        assert (await other.get(PATH)).json() == []
        assert (
            await other.post(f"{PATH}:drop", json={"name": filter_of()["name"]})
        ).status_code == 404
        assert len((await gateway.supervisor.get(PATH)).json()) == 1

    async def test_fifty_are_enough_and_one_of_them_may_still_change(self, gateway):
        mine = gateway.supervisor
        for number in range(MOST):
            assert (await mine.put(PATH, json=filter_of(f"f{number}"))).status_code == 200
        more = await mine.put(PATH, json=filter_of("one more"))
        assert (more.status_code, more.json()["code"]) == (409, "filter.too_many")
        assert (await mine.put(PATH, json=filter_of("f7", "state=submitted"))).status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            filter_of(" "), filter_of("x" * 61), filter_of("a\nb"), filter_of("a\x00"), filter_of(query="x" * 1001),
            filter_of(query="a b"), filter_of(query="名=值"), {"name": "x"}, {**filter_of(), "owner": "another"},
        ],
    )  # fmt: skip
    async def test_what_is_no_filter_is_refused(self, gateway, body):
        assert (await gateway.supervisor.put(PATH, json=body)).status_code == 422

    async def test_a_screen_that_is_not_there(self, gateway):
        assert (await gateway.supervisor.get("/v1/saved-filters/people")).status_code == 422
