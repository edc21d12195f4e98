"""The demo's people sign on: registered, given their roles and a one-time code each."""

from app.cli.door import Door
from app.cli.signing import REGION
from auth.principal import Role
from auth.testing import LocalIssuer

_PEOPLE = (
    ("陈某", "leader-chen", "fire-hangzhou", Role.TEAM_LEADER),
    ("赵某", "supervisor-zhao", "data-hangzhou", Role.SUPERVISOR),
)
_OFFICER, _CERTIFICATE, _SUBJECT = "王某", "ZJ-0001", "inspector-wang"


def links(gateway: str, issuer: LocalIssuer) -> dict[str, str]:
    """A link for each role, to be opened on a phone, through the public API alone."""
    system = Door(gateway, issuer.token("system-he", Role.SYSTEM_ADMINISTRATOR, region=REGION))
    security = Door(gateway, issuer.token("safety-lu", Role.SECURITY_ADMINISTRATOR, region=REGION))
    given = {Role.INSPECTOR: _officer(system)}
    for name, subject, unit, role in _PEOPLE:
        body = {"name": name, "subject": subject, "unit": unit}
        given[role] = system.ask("POST", "/v1/people", body)["person_id"]
    found = {}
    for role, person_id in given.items():
        security.ask("POST", f"/v1/people/{person_id}/roles", {"role": role.value})
        found[role.value] = security.ask("POST", f"/v1/people/{person_id}:enrol")["link"]
    return found


def _officer(system: Door) -> str:
    """The officer is there already, by the certificate: here he gets a sign-on."""
    rows = system.every("/v1/people", name=_OFFICER)
    row = next(r for r in rows if r["certificate_no"] == _CERTIFICATE)
    kept = ("name", "unit", "certificate_no", "certificate_from", "certificate_to")
    body = {name: row[name] for name in kept} | {"subject": _SUBJECT}
    return str(system.ask("PUT", f"/v1/people/{row['person_id']}", body)["person_id"])
