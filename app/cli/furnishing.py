"""What the demo leaves behind, so that its pages have something to show: visits, an adapter in
review and one that is suspended, an agreement that waits for signatures, tasks that wait for a
second person. Through the public API alone.
"""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.fakes.departments import manifest_of
from adapters.fakes.world import ALIVE, World
from app.cli.door import Door
from app.cli.signing import OURS, REGION, clauses
from app.core.clock import local_date
from auth.principal import Role, prefix_of
from auth.testing import LocalIssuer

_COUNTY = "330182"
_SEED, _SEARCHED, _MOST = 1, 200, 4
_ROUNDS = 8
_ITEMS = (
    ("fire", "FIRE-EXIT", "determined", "安全出口堵塞"),
    ("fire", "FIRE-EXTINGUISHER", "determined", "灭火器压力不足"),
    ("food", "FOOD-DISPLAY", "observed", "食品经营许可未公示"),
    ("food", "FOOD-STORAGE", "observed", "生熟食品混放"),
)
_OFFICERS = (
    ("ZJ-0003", "孙某", "fire", "inspector-sun"),
    ("ZJ-0004", "吴某", "food", "inspector-wu"),
)
"""Not those who sign on at the phone: what waits there is the visitor's own."""


def furnish(
    gateway: str, issuer: LocalIssuer, departments: dict[str, str], businesses: int
) -> None:
    """All of it; a few seconds."""

    def door(subject: str, role: Role, department: str | None, **more: str) -> Door:
        told: dict[str, Any] = {"region": REGION, **more}
        return Door(gateway, issuer.token(subject, role, department=department, **told))

    visited = _businesses(businesses)
    with ThreadPoolExecutor(3) as pool:
        works = (
            pool.submit(_adapters, door, departments),
            pool.submit(_visits, door, visited),
            pool.submit(_agreement, door),
        )
    for work in works:
        work.result()


def _businesses(known: int) -> list[str]:
    """Some of the city's, as the mock departments know them."""
    world = World(_SEED, min(known, _SEARCHED), local_date(datetime.now(UTC)))
    city = prefix_of(REGION)
    found = (b for b in world.generated if b.division.startswith(city) and b.status == ALIVE)
    return [b.business_id for b in found if b.registered][:_MOST]


def _adapters(door: Any, departments: dict[str, str]) -> None:
    """A county's own: one in review, one out of service."""
    coordinator = door("coordinator-wu", Role.COORDINATOR, None, region=_COUNTY)
    for name in ("fire", "food"):
        manager = door(f"manager-{name}-jiande", Role.DATA_MANAGER, name, region=_COUNTY)
        own = {"adapter_id": f"{name}_jiande", "region": _COUNTY}
        manager.ask("POST", "/v1/adapters", manifest_of(name, departments[name]) | own)
        manager.examine(own["adapter_id"])
        manager.ask("POST", f"/v1/adapters/{own['adapter_id']}:submit")
    coordinator.ask("POST", "/v1/adapters/food_jiande:approve")
    reason = {"reason": "许可数据与发证系统不一致，正在核对"}
    coordinator.ask("POST", "/v1/adapters/food_jiande:suspend", reason)


def _visits(door: Any, businesses: list[str]) -> None:
    """A task of each business, and what two officers found there."""
    first, second = _officers(door)
    leader = door("leader-xu", Role.TEAM_LEADER, "fire")
    for business in businesses:
        wanted = {
            "business_id": business,
            "assignees": [subject for *_, subject in _OFFICERS],
            "basis": "2026 年度“双随机”抽查计划第 12 号",
        }
        task = leader.ask("POST", "/v1/tasks", wanted)["id"]
        first.ask("GET", f"/v1/profiles/{business}?purpose=inspection&task={task}")
        for turn in range(_ROUNDS):
            path = f"/v1/inspections/{uuid.uuid4()}"
            record = first.ask("PUT", path, _visit(business, task, turn))
            if turn:  # one of each business waits for the second officer's word
                second.ask("POST", f"{path}:confirm", {"digest": record["digest"]})
    _waiting(leader, first, businesses)


def _officers(door: Any) -> list[Door]:
    coordinator, found = door("coordinator-lin", Role.COORDINATOR, None), []
    for number, name, department, subject in _OFFICERS:
        officer = {
            "name": name,
            "department": department,
            "region": REGION,
            "valid_from": "2024-01-01",
            "valid_to": f"{datetime.now(UTC).year + 2}-12-31",
        }
        coordinator.ask("PUT", f"/v1/officers/{number}", officer)
        found.append(door(subject, Role.INSPECTOR, department, certificate_no=number))
    return found


def _visit(business: str, task: str, turn: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    found = [
        {
            "department": department,
            "item_code": code,
            "mode": mode,
            "result": "nonconform" if turn % len(_ITEMS) == place else "conform",
            **({"note": note} if turn % len(_ITEMS) == place else {}),
        }
        for place, (department, code, mode, note) in enumerate(_ITEMS)
    ]
    return {
        "business_id": business,
        "task": task,
        "visit_started_at": now.isoformat(),
        "visit_ended_at": (now + timedelta(seconds=1)).isoformat(),
        "officers": [{"certificate_no": number} for number, *_ in _OFFICERS],
        "results": found,
    }


def _agreement(door: Any) -> None:
    """A further version that asks for one field more, signed by one party of three."""
    fire, tax = door("manager-fire", Role.DATA_MANAGER, "fire"), door("cdo-sun", Role.CDO, "tax")
    tax.ask("POST", f"{OURS}:resume", {"reason": "the data are right again"})
    wanted = clauses("taxpayer_name", "overdue_filing_count", "vat_taxpayer_type")
    path, digest = _version(fire.ask("POST", f"{OURS.rpartition('/')[0]}", {"clauses": wanted}))
    fire.ask("POST", f"{path}:submit")
    fire.ask("POST", f"{path}:sign", {"digest": digest})


def _version(row: dict[str, Any]) -> tuple[str, str]:
    return f"/v1/agreements/{row['agreement_id']}/versions/{row['version']}", row["digest"]


def _waiting(leader: Door, officer: Door, businesses: list[str]) -> None:
    """A task that could not wait for approval, and a glass that was broken."""
    urgent = {
        "business_id": businesses[-1],
        "assignees": [_OFFICERS[0][-1]],
        "basis": "12345 热线转办：后厨燃气异味",
        "emergency": True,
        "purpose": "emergency",
        "ends_in_hours": 12,
    }
    leader.ask("POST", "/v1/tasks", urgent)
    reason = "现场发生火情，无法联系负责人，需要核对经营状态"
    officer.ask("POST", "/v1/tasks:break-glass", {"business_id": businesses[0], "reason": reason})
