"""The demo's people sign on: registered, given their roles and a one-time code each."""

from app.cli.door import Door
from app.cli.signing import REGION
from auth.principal import Role
from auth.testing import LocalIssuer

_PEOPLE = (
    ("陈某", "leader-chen", "fire-hangzhou", Role.TEAM_LEADER),
    ("赵某", "supervisor-zhao", "data-hangzhou", Role.SUPERVISOR),
    ("高某", "manager-gao", "tax-hangzhou", Role.DATA_MANAGER),
    ("林某", "coordinator-lin", "data-hangzhou", Role.COORDINATOR),
    ("钱某", "auditor-qian", "data-hangzhou", Role.AUDITOR),
)
_OFFICERS = (
    ("inspector", "王某", "ZJ-0001", "inspector-wang"),
    ("colleague", "李某", "ZJ-0002", "inspector-li"),
    ("third", "孙某", "ZJ-0003", "inspector-sun"),
)


def links(gateway: str, issuer: LocalIssuer) -> dict[str, str]:
    """A link for each role, and one for a second officer, through the public API alone."""
    system = Door(gateway, issuer.token("system-he", Role.SYSTEM_ADMINISTRATOR, region=REGION))
    security = Door(gateway, issuer.token("safety-lu", Role.SECURITY_ADMINISTRATOR, region=REGION))
    audit = Door(gateway, issuer.token("audit-shen", Role.AUDIT_ADMINISTRATOR, region=REGION))
    given = {told: (Role.INSPECTOR, _officer(system, *officer)) for told, *officer in _OFFICERS}
    for name, subject, unit, role in _PEOPLE:
        body = {"name": name, "subject": subject, "unit": unit}
        given[role.value] = role, system.ask("POST", "/v1/people", body)["person_id"]
    found = {}
    for told, (role, person_id) in given.items():
        security.ask("POST", f"/v1/people/{person_id}/roles", {"role": role.value})
        door = audit if role is Role.AUDITOR else security
        found[told] = door.ask("POST", f"/v1/people/{person_id}:enrol")["link"]
    return found


def _officer(system: Door, name: str, certificate: str, subject: str) -> str:
    """An officer is there already, by the certificate: here he gets a sign-on."""
    rows = system.every("/v1/people", name=name)
    row = next(r for r in rows if r["certificate_no"] == certificate)
    kept = ("name", "unit", "certificate_no", "certificate_from", "certificate_to")
    body = {field: row[field] for field in kept} | {"subject": subject}
    return str(system.ask("PUT", f"/v1/people/{row['person_id']}", body)["person_id"])
