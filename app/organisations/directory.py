"""Who somebody is here: the verified token and the directory of people, and what both give. Pure.

What either does not give is not there: a role that the directory has ended is not had, whatever the
token says, and neither region nor department is wider than either of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from app.core.clock import local_date
from app.organisations.roles import RoleGrant
from auth.errors import Forbidden
from auth.principal import Principal, Role


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who may call, active and of an active unit."""

    id: str
    subject: str
    unit: str
    department: str
    """Empty: above departments."""
    region: str
    grants: tuple[RoleGrant, ...] = ()
    certificate_no: str | None = None
    certificate_from: date | None = None
    certificate_to: date | None = None
    import_id: str | None = None
    """The list that he came from; when that is undone he is no more."""

    def certificate_on(self, day: date) -> str | None:
        """The number of the certificate, on a day on which it is valid."""
        begin, end = self.certificate_from, self.certificate_to
        valid = begin is not None and end is not None and begin <= day <= end
        return self.certificate_no if valid else None


class People(NamedTuple):
    """Everybody who may call, by subject and by id."""

    by_subject: Mapping[str, Member] = {}
    by_id: Mapping[str, Member] = {}


def roles_of(people: People, person: Member, now: datetime) -> frozenset[Role]:
    """The roles that somebody has now: a delegated one only while who delegated it has it of his
    own, in the same unit.
    """
    return frozenset(
        grant.role
        for grant in person.grants
        if grant.holds(now)
        and (not grant.by or _lends(people.by_id.get(grant.by), person, grant.role, now))
    )


def _lends(lender: Member | None, borrower: Member, role: Role, now: datetime) -> bool:
    """Whether somebody of the same unit has a role of his own."""
    return (
        lender is not None
        and lender.unit == borrower.unit
        and any(grant.role is role and not grant.by and grant.holds(now) for grant in lender.grants)
    )


def both(claimed: Principal, people: People, now: datetime) -> Principal:
    """What the token and the directory both give. Raises `Forbidden` for whoever is not in the
    directory, is suspended, or is of another region or department there than his token says.
    """
    person = people.by_subject.get(claimed.subject)
    if person is None:
        raise Forbidden("auth.person_unknown", "The directory of people does not have you.")
    region = _narrower(person.region, claimed.region)
    department = person.department or claimed.department
    if region is None or claimed.department not in (None, department):
        raise Forbidden(
            "auth.person_elsewhere",
            "The directory has you in another region or department than your token.",
        )
    certificate = person.certificate_on(local_date(now))
    if claimed.certificate_no not in (None, certificate):
        certificate = None
    return replace(
        claimed,
        roles=claimed.roles & roles_of(people, person, now),
        region=region,
        department=department,
        certificate_no=certificate,
        claimed=claimed,
    )


def _narrower(first: str, second: str) -> str | None:
    """The region of two that lies within the other; None if neither does."""
    for inner, outer in ((first, second), (second, first)):
        if Principal("", frozenset(), None, outer).covers(inner):
            return inner
    return None
