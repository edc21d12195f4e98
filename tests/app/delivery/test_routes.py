"""Who sees what is on its way, sends it again, drops it."""

from datetime import UTC, datetime

import pytest

from app.core.deps import DATABASE
from app.delivery.models import Delivery
from auth.principal import Role

AT = datetime(2026, 11, 22, tzinfo=UTC)


def id_of(department, number):
    return f"0197f3b0-0000-7000-8000-{ {'fire': 1, 'food': 2}[department]:04d}{number:08d}"


@pytest.fixture
async def letters(gateway):
    """Three for each of two departments, given up."""
    with DATABASE.of(gateway.app).write() as session:
        for department in ("fire", "food"):
            for number in range(3):
                row = Delivery(
                    id=id_of(department, number),
                    department=department,
                    region="330106",
                    ordering_key=f"b{number}",
                    object_id="o",
                    message={"n": "what a message says"},
                    state="dead",
                    created_at=AT,
                    next_at=AT,
                    last_error="connect_failed",
                )
                session.add(row)
                session.flush()
    return gateway


async def ids(client, **query):
    answer = await client.get("/v1/deliveries", params=query)
    return [delivery["id"] for delivery in answer.json()["items"]]


class TestDeliveries:
    async def test_a_department_sees_its_own_and_a_coordinator_all(self, letters):
        own = await ids(letters.manager("fire"))
        assert own == [id_of("fire", n) for n in (2, 1, 0)]
        assert len(await ids(letters.coordinator)) == 6
        assert await ids(letters.manager("fire"), department="food") == []
        assert await ids(letters.coordinator, department="food", state="refused") == []
        assert (await letters.inspector.get("/v1/deliveries")).status_code == 403

    async def test_another_region_sees_and_changes_none(self, letters):
        token = letters.issuer.token(
            "manager-9", Role.DATA_MANAGER, department="fire", region="310000"
        )
        other, path = letters.client(token), f"/v1/deliveries/{id_of('fire', 0)}"
        assert await ids(other) == []
        told = [await other.get(path), await other.post(f"{path}:retry")]
        told.append(await other.post(f"{path}:drop", json={"reason": "not ours"}))
        assert {answer.json()["code"] for answer in told} == {"delivery.unknown"}

    async def test_pages_follow_each_other_and_no_message_is_told(self, letters):
        query = {"limit": 2, "state": "dead"}
        first = (await letters.coordinator.get("/v1/deliveries", params=query)).json()
        second = (
            await letters.coordinator.get(
                "/v1/deliveries", params={**query, "cursor": first["next_cursor"]}
            )
        ).json()
        assert len({d["id"] for d in first["items"] + second["items"]}) == 4
        assert "what a message says" not in str(first)

    async def test_a_dead_one_is_sent_again(self, letters):
        manager, path = letters.manager("fire"), f"/v1/deliveries/{id_of('fire', 0)}"
        again = await manager.post(f"{path}:retry")
        assert (again.status_code, again.json()["state"]) == (200, "pending")
        foreign = await manager.post(f"/v1/deliveries/{id_of('food', 0)}:retry")
        assert (foreign.status_code, foreign.json()["code"]) == (404, "delivery.unknown")
        assert (await letters.supervisor.post(f"{path}:retry")).status_code == 403

    async def test_one_is_dropped_with_a_reason_that_stays(self, letters):
        manager, path = letters.manager("fire"), f"/v1/deliveries/{id_of('fire', 1)}"
        assert (await manager.post(f"{path}:drop", json={"reason": "no"})).status_code == 422
        dropped = await manager.post(f"{path}:drop", json={"reason": "sent on paper"})
        assert (dropped.json()["state"], dropped.json()["reason"]) == ("dropped", "sent on paper")
        found = (
            await letters.auditor.get(
                "/v1/audit/entries", params={"event": "delivery.result.dropped"}
            )
        ).json()["items"]
        assert [entry["outcome"] for entry in found] == ["dropped"]

    async def test_what_has_arrived_or_is_under_way_stays_as_it_is(self, letters):
        clock = datetime.now(UTC)
        with DATABASE.of(letters.app).write() as session:
            for number, change in (
                (0, {"state": "delivered"}),
                (1, {"lease_until": clock.replace(year=2099)}),
            ):
                row = session.get(Delivery, number + 1)
                for name, value in change.items():
                    setattr(row, name, value)
                session.add(row)
        manager = letters.manager("fire")
        told = [
            (await manager.post(f"/v1/deliveries/{id_of('fire', n)}:retry")).json()["code"]
            for n in (0, 1)
        ]
        assert told == ["delivery.over", "delivery.under_way"]
