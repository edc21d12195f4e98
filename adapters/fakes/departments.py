"""Thirteen mock departments: how each is spoken to, what it answers, and the manifest with which it
registers itself.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from adapters.contract.counts import SMALLEST_CELL
from adapters.contract.days import CHINA_TIME
from adapters.fakes import dialects
from adapters.fakes.world import NINGBO, SHAOXING, MockBusiness, SiteTruth, World

SECRETS: dict[str, dict[str, str]] = {
    "tax": {"username": "gateway", "password": "mock-tax-password"},
    "public_security": {"api_key": "mock-police-key"},
    "customs": {"api_key": "mock-customs-key"},
}
"""Credentials of the mock departments; they guard generated data only."""

OFFICES = {
    "tax_hangzhou": ("330100", "91330106MA2YYY034D"),
    "tax_ningbo": ("330200", NINGBO),
    "tax_zhejiang": ("330000", SHAOXING),
}
"""Two cities' tax offices and the province's behind them: region, and a business each knows. None
has a record of what belongs to another.
"""


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a server of its own


_MANIFESTS = Path(__file__).with_name("manifests")


@dataclass(frozen=True, slots=True)
class MockRequest:
    """A request as a mock department sees it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; anything else is empty."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


@dataclass(frozen=True, slots=True)
class MockAnswer:
    """An answer."""

    status: int
    body: bytes
    media_type: str = "application/json"


@dataclass(slots=True)
class Department:
    """One mock department and its memory of received results."""

    name: str
    world: World
    native: dialects.Native
    latency_ms: int
    lag: timedelta
    handle: Callable[["Department", MockRequest], MockAnswer] = field(repr=False)
    received: dict[str, dict[str, Any]] = field(default_factory=dict)
    competent: Callable[[MockBusiness], bool] = lambda _business: True

    @property
    def as_of(self) -> datetime:
        """The time of this department's data: some full hours or days before now, in China."""
        now = _now() - self.lag
        return now.astimezone(CHINA_TIME).replace(minute=0, second=0, microsecond=0)

    def record(
        self, business_id: str, site_ref: str = ""
    ) -> tuple[MockBusiness | None, dict[str, Any] | None]:
        """The business, and what this department has on it, in its own words."""
        business = self.world.find(business_id)
        if business is None or not self.competent(business):
            return None, None
        site: SiteTruth | None = next((s for s in business.sites if s.site_ref == site_ref), None)
        return business, self.native(business, site, self.world.today)


def manifest_of(name: str, base_url: str) -> dict[str, Any]:
    """The manifest a mock department registers with, for the address it listens on."""
    document: dict[str, Any] = json.loads((_MANIFESTS / f"{name}.json").read_text(encoding="utf-8"))
    return document | {"base_url": base_url}


def office_manifest(name: str, base_url: str) -> dict[str, Any]:
    """The manifest of one of `OFFICES`."""
    region, sample = OFFICES[name]
    place = {"adapter_id": name, "region": region, "sample_business_id": sample}
    return manifest_of("tax", base_url) | place


def office_of(division: str) -> str | None:
    """Which of `OFFICES` has the records of a division."""
    cities = {"3301": "tax_hangzhou", "3302": "tax_ningbo"}
    return cities.get(division[:4], "tax_zhejiang" if division.startswith("33") else None)


def _json(document: Any, status: int = 200) -> MockAnswer:
    return MockAnswer(status, json.dumps(document, ensure_ascii=False).encode())


def _aggregate(department: Department, asked: MockRequest) -> MockAnswer:
    """Businesses by trade, small cells hidden at the source."""
    counts: dict[str, int] = {}
    for business in department.world.generated:
        counts[business.trade[0]] = counts.get(business.trade[0], 0) + 1
    if asked.json().get("by") != ["trade"]:
        return _json({"error": "by must be [trade]"}, 400)
    cells = [
        {"key": [trade], "count": n if n >= SMALLEST_CELL else None}
        for trade, n in sorted(counts.items())
    ]
    return _json({"minimum_cell": SMALLEST_CELL, "cells": cells})


def _contract(department: Department, asked: MockRequest) -> MockAnswer:
    """The envelope of department-adapter.v1.yaml."""
    if asked.path == "/v1/aggregate":
        return _aggregate(department, asked)
    business_id = unquote(asked.path.rpartition("/")[2])
    key = SECRETS.get(department.name, {}).get("api_key")
    if key and asked.headers.get("x-api-key") != key:
        return _json({"error": "who are you"}, 401)
    business, record = department.record(business_id)
    envelope = {"business_id": business_id, "as_of": department.as_of.isoformat()}
    if business is None:
        return _json({**envelope, "status": "not_found"}, 404)
    remit = {"civil_affairs": business.is_social, "customs": record is not None}.get(
        department.name, True
    )
    if not remit:
        return _json({**envelope, "status": "not_applicable"})
    if record is None:
        return _json({**envelope, "status": "not_found"}, 404)
    return _json({**envelope, "status": "found", "data": record})


def _registration(department: Department, asked: MockRequest) -> MockAnswer:
    """HTTP 200 for everything; the code inside tells."""
    if asked.path == "/v1/search":
        found = department.world.search(
            asked.query.get("q", ""), int(asked.query.get("limit", "20"))
        )
        return _json({"items": [_candidate(b) for b in found]})
    if asked.path == "/v1/resolve-qr":
        token = str(asked.json().get("content", "")).rpartition("/")[2]
        business = department.world.find(token)
        return (
            _json({"error": "unknown code"}, 404)
            if business is None
            else _json(_candidate(business))
        )
    if asked.method != "POST":
        return _json({"code": 405, "msg": "请使用POST"})
    business_id = str((asked.json().get("cxtj") or {}).get("uniscid", ""))
    _, record = department.record(business_id)
    if record is None:
        return _json(
            {"code": 2001, "msg": "未查询到记录", "data": {"cxm": business_id, "row": None}}
        )
    stamp = department.as_of.strftime("%Y-%m-%d %H:%M:%S")
    return _json(
        {"code": 0, "msg": "成功", "data": {"cxm": business_id, "gxsj": stamp, "row": record}}
    )


def _candidate(business: MockBusiness) -> dict[str, str]:
    return {
        "business_id": business.business_id,
        "name": business.name,
        "address": business.sites[0].address,
        "status": business.raw_status,
    }


def _tax(department: Department, asked: MockRequest) -> MockAnswer:
    """Log in first; a session token lasts until the server forgets it."""
    secrets = SECRETS["tax"]
    if asked.path == "/sw/login":
        given = asked.json()
        if given.get("yhm") != secrets["username"] or given.get("mm") != secrets["password"]:
            return _json({"code": 1403, "msg": "用户名或密码错误"}, 401)
        return _json({"code": 0, "token": "mock-session"})
    if asked.headers.get("x-session-token") != "mock-session":
        return _json({"code": "1401", "msg": "会话失效"})
    business_id = str(asked.json().get("nsrsbh", ""))
    _, record = department.record(business_id)
    if record is None:
        return _json({"code": "2404", "msg": "无此纳税人", "nsrsbh": business_id})
    record |= {"nsrsbh": business_id}
    return _json({"code": 0, "sjgxsj": department.as_of.strftime("%Y%m%d%H%M%S"), "data": record})


def _fire(department: Department, asked: MockRequest) -> MockAnswer:
    if asked.path == "/v1/results":
        return _take_results(department, asked)
    code = asked.query.get("code", "")
    _, record = department.record(code, asked.query.get("siteNo", ""))
    if record is None:
        return _json({"ok": False, "error": "not found", "unitCode": code}, 404)
    return _json(
        {
            "ok": True,
            "unitCode": code,
            "asOf": int(department.as_of.timestamp() * 1000),
            "unit": record,
        }
    )


def _food(department: Department, asked: MockRequest) -> MockAnswer:
    if asked.path == "/v1/results":
        return _take_results(department, asked)
    code = asked.query.get("xydm", "")
    _, record = department.record(code, asked.query.get("cs", ""))
    return _json(
        {
            "xydm": code,
            "sjsj": department.as_of.strftime("%Y/%m/%d %H:%M:%S"),
            "zt": record or {"rows": []},
        }
    )


def _take_results(department: Department, asked: MockRequest) -> MockAnswer:
    """Give a receipt; the same delivery gets the same receipt."""
    message = asked.json()
    delivery_id = str(message.get("delivery_id", ""))
    if not delivery_id or "results" not in message:
        return _json({"error": "delivery_id and results are required"}, 400)
    if message.get("test"):  # an examination: nothing is kept
        return _json({"receipt_no": f"TEST-{delivery_id}", "received_at": _now().isoformat()})
    if delivery_id not in department.received:
        number = f"{department.name.upper()}-{len(department.received) + 1:06d}"
        receipt = {"receipt_no": number, "received_at": _now().isoformat()}
        department.received[delivery_id] = {"message": message, "receipt": receipt}
    return _json(department.received[delivery_id]["receipt"])


def _urban_management(department: Department, asked: MockRequest) -> MockAnswer:
    code = asked.query.get("tyshxydm", "")
    _, record = department.record(code)
    if record is None:
        return _json({"zt": "wjl", "tyshxydm": code})
    return _json(
        {"zt": "ok", "tyshxydm": code, "sjsj": department.as_of.strftime("%Y-%m-%d"), "jg": record}
    )


def _ecology(department: Department, asked: MockRequest) -> MockAnswer:
    code = str(asked.json().get("dm", ""))
    _, record = department.record(code)
    return _json({"dm": code, "ts": department.as_of.isoformat(), "xx": record or {}})


def _public_security(department: Department, asked: MockRequest) -> MockAnswer:
    """XML in GB18030."""
    if asked.headers.get("x-ga-token") != SECRETS["public_security"]["api_key"]:
        return MockAnswer(
            401,
            "<FHJG><JGDM>99</JGDM></FHJG>".encode("gb18030"),
            "application/xml; charset=GB18030",
        )
    code = asked.query.get("dm", "")
    business, record = department.record(code)
    result = "01" if business is None else "02" if record is None else "00"
    stamp = department.as_of.strftime("%Y%m%d%H%M%S")
    content = {"JGDM": result, "DM": code, "SJSJ": stamp, **(record or {})}
    text = '<?xml version="1.0" encoding="GB18030"?>' + _element("FHJG", content)
    return MockAnswer(200, text.encode("gb18030"), "application/xml; charset=GB18030")


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    inner = (
        "".join(_element(k, v) for k, v in value.items())
        if isinstance(value, dict)
        else escape(str(value))
    )
    return f"<{name}>{inner}</{name}>"


_ASSEMBLY: dict[
    str, tuple[dialects.Native, Callable[[Department, MockRequest], MockAnswer], int, int]
] = {
    # name: dialect, handler, latency in ms, age of its data in hours
    "registration": (dialects.registration, _registration, 45, 1),
    "tax": (dialects.tax, _tax, 42, 48),
    "fire": (dialects.fire, _fire, 52, 3),
    "food": (dialects.food, _food, 48, 24),
    "special_equipment": (dialects.special_equipment, _contract, 60, 24),
    "public_security": (dialects.public_security, _public_security, 70, 12),
    "civil_affairs": (dialects.civil_affairs, _contract, 40, 72),
    "urban_management": (dialects.urban_management, _urban_management, 44, 24),
    "health": (dialects.health, _contract, 55, 24),
    "ecology": (dialects.ecology, _ecology, 62, 24),
    "human_resources": (dialects.human_resources, _contract, 58, 24),
    "emergency": (dialects.emergency, _contract, 50, 24),
    "customs": (dialects.customs, _contract, 80, 24),
}

NAMES = tuple(_ASSEMBLY)


def assemble(world: World, *, offices: bool = False) -> list[Department]:
    """All thirteen over one world, and the tax offices of several regions beside them."""
    made = [
        Department(name, world, native, latency, timedelta(hours=hours), handle)
        for name, (native, handle, latency, hours) in _ASSEMBLY.items()
    ]
    return made + [_office(name, world) for name in OFFICES] if offices else made


def _office(name: str, world: World) -> Department:
    native, handle, latency, hours = _ASSEMBLY["tax"]
    return Department(
        name,
        world,
        native,
        latency,
        timedelta(hours=hours),
        handle,
        competent=lambda business: office_of(business.division) == name,
    )
