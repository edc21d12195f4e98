"""The demo's agreement: three parties sign, a field appears; one suspends it, and it is gone."""

import time
from typing import Any

from app.cli.door import Door
from app.cli.screen import Screen
from auth.principal import Role
from auth.testing import LocalIssuer

REGION, SECTION, FIELD = "330100", "tax", "overdue_filing_count"
SEED = "/v1/agreements/seed-inspection/versions/1"
OURS = "/v1/agreements/fire-tax/versions/1"
_UNITS = (
    ("tax-hangzhou", "杭州市税务局", "Hangzhou tax", "tax", "source"),
    ("fire-hangzhou", "杭州市消防救援局", "Hangzhou fire & rescue", "fire", "application"),
    ("data-hangzhou", "杭州市数据局", "Hangzhou data authority", None, "coordinator"),
)
_LONGEST_SECONDS = 5.0


def play(
    screen: Screen, gateway: str, issuer: LocalIssuer, inspector: Door, about: tuple[str, str]
) -> None:
    """Through the public API alone. The agreement that the demo started with is in force again
    afterwards.
    """

    def door(subject: str, role: Role, department: str | None, region: str = REGION) -> Door:
        return Door(gateway, issuer.token(subject, role, department=department, region=region))

    nation = door("coordinator-gu", Role.COORDINATOR, None, "000000")
    tax = door("cdo-sun", Role.CDO, "tax")
    authority = door("coordinator-lin", Role.COORDINATOR, None)
    fire = door("manager-fire", Role.DATA_MANAGER, "fire")
    _register_units(door("system-he", Role.SYSTEM_ADMINISTRATOR, None))
    grounds = {"reason": "replaced by an agreement of the departments"}
    nation.ask("POST", f"{SEED}:suspend", grounds)
    _explain(screen, inspector, about)
    digest = fire.ask("POST", "/v1/agreements", _draft())["digest"]
    fire.ask("POST", f"{OURS}:submit")
    for party in (tax, authority, fire):
        party.ask("POST", f"{OURS}:sign", {"digest": digest})
    screen.done("tax, data authority and fire & rescue have signed fire-tax@1 over its digest")
    screen.line(f"  {SECTION}/{FIELD}: {_until(inspector, about, told=True)}")
    tax.ask("POST", f"{OURS}:suspend", {"reason": "checking the data"})
    begun = time.monotonic()
    _until(inspector, about, told=False)
    gone = round((time.monotonic() - begun) * 1000)
    screen.done(f"tax has suspended it: {SECTION}/{FIELD} is gone {gone} ms later")
    nation.ask("POST", f"{SEED}:resume", {"reason": "the demo goes on"})


def _register_units(system: Door) -> None:
    for unit_id, zh, en, department, part in _UNITS:
        body = {
            "unit_id": unit_id,
            "name": {"zh": zh, "en": en},
            "tier": "city",
            "region": REGION,
            "department": department,
            "parts": [part],
        }
        system.ask("POST", "/v1/units", body)


def _draft() -> dict[str, Any]:
    return {
        "agreement_id": "fire-tax",
        "source_unit": "tax-hangzhou",
        "coordinator_unit": "data-hangzhou",
        "application_unit": "fire-hangzhou",
        "clauses": clauses("taxpayer_name", FIELD),
    }


def clauses(*fields: str) -> dict[str, Any]:
    """What the agreement says, for these fields of the tax department's."""
    return {
        "purposes": ["inspection"],
        "legal_basis": "政务数据共享条例（国令第809号）第二十条",
        "sections": [{"section": SECTION, "fields": list(fields)}],
        "strictest_class": 2,
        "headline": True,
        "daily_quota": 5000,
        "valid_from": "2026-01-01",
        "security_responsible": "陈某",
    }


def _explain(screen: Screen, inspector: Door, about: tuple[str, str]) -> None:
    wanted = {"business_id": about[0], "task": about[1], "purpose": "inspection"}
    asked: dict[str, Any] = {**wanted, "section": SECTION, "fields": [FIELD]}
    told = inspector.ask("POST", "/v1/decisions:explain", asked)["fields"][0]
    change = "; ".join(c["change"]["en"] for c in told["smallest_change"])
    screen.line("Why not?")
    screen.line(f"  {SECTION}/{FIELD}: {told['verdict']} ({told['reason']}) → {change}")


def _until(inspector: Door, about: tuple[str, str], *, told: bool) -> Any:
    """Look up until the field is told, or is not."""
    path = f"/v1/profiles/{about[0]}?purpose=inspection&task={about[1]}"
    until = time.monotonic() + _LONGEST_SECONDS
    while True:
        section = inspector.ask("GET", path)["sections"][SECTION]
        value = section.get("data", {}).get(FIELD)
        if (value is not None) is told or time.monotonic() > until:
            return value
