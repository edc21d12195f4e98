"""Records as a phone would send them."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from auth.principal import Role
from tests.fixtures.gateway import Gateway


def an_inspection(task: str, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "business_id": "91310115MA1YYY024Y",
        "task": task,
        "visit_started_at": now.isoformat(),
        "visit_ended_at": (now + timedelta(seconds=1)).isoformat(),
        "officers": [{"certificate_no": "ZJ-0001"}, {"certificate_no": "ZJ-0002"}],
        "results": [
            {
                "department": "fire",
                "item_code": "FIRE-EXIT",
                "mode": "determined",
                "result": "nonconform",
                "note": "=cmd|' /C calc'!A0",
            },
            {"department": "food", "item_code": "FOOD-1", "mode": "observed", "result": "conform"},
        ],
        **changes,
    }


def an_id() -> str:
    return str(uuid.uuid4())


DEPARTMENTS = {"ZJ-0001": "fire", "ZJ-0002": "food", "ZJ-0003": "tax"}


def officer(city: Gateway, certificate_no: str) -> httpx.AsyncClient:
    """The holder of a certificate, as himself."""
    claims = {"department": DEPARTMENTS[certificate_no], "certificate_no": certificate_no}
    return city.caller(f"inspector-{certificate_no[-1]}", Role.INSPECTOR, region="000000", **claims)


async def confirm(city: Gateway, record: dict[str, Any]) -> dict[str, Any]:
    """Everybody whom a record names says that he was there; the record then."""
    for present in record["officers"]:
        own = officer(city, present["certificate_no"])
        path = f"/v1/inspections/{record['id']}:confirm"
        answer = await own.post(path, json={"digest": record["digest"]})
        assert answer.status_code == 200, answer.text
    return answer.json()


async def recorded(city: Gateway, body: dict[str, Any]) -> dict[str, Any]:
    """A record that everybody on it has confirmed."""
    answer = await city.inspector.put(f"/v1/inspections/{an_id()}", json=body)
    assert answer.status_code == 201, answer.text
    return await confirm(city, answer.json())
