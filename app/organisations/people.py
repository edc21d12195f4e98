"""Who belongs here: units, people, their roles. Callers commit.

Whoever registers people and whoever gives them roles are two people (三员分立), and nobody does
anything for himself.
"""

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session

from adapters.contract import tables
from app.audit.events import EventName
from app.core.clock import local_date
from app.core.ids import new_id_text
from app.core.snapshots import Snapshot, bump
from app.organisations import directory, repository
from app.organisations.desk import SNAPSHOT_NAME, PeopleDesk
from app.organisations.ended import ANY_ISSUER, end
from app.organisations.errors import (
    OnOneself,
    PersonExists,
    PersonNotThere,
    PersonUnknown,
    RoleExcluded,
    RoleNotYours,
    RoleUnknown,
)
from app.organisations.models import Person, PersonRole, Unit
from app.organisations.roles import KINDS, RoleGrant, exclusion
from app.organisations.schemas import (
    DelegationWrite,
    PersonRead,
    PersonWrite,
    RoleRead,
    RoleWrite,
)
from app.organisations.units import named_unit
from auth.principal import Principal, Role
from auth.scope import scope_of

_LIMITS = Path(__file__).with_name("data") / "limits.csv"
_ADMINISTRATORS = frozenset(
    {Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR}
)


def create_person(desk: PeopleDesk, given: PersonWrite) -> PersonRead:
    """Register somebody of a unit, without any role. Raises `UnitNotThere`, `PersonExists`."""
    unit = named_unit(desk, given.unit)
    _refuse_taken(desk, given, None)
    row = Person(
        id=new_id_text(),
        created_by=desk.principal.subject,
        updated_at=desk.now,
        **_person_columns(given),
    )
    repository.add(desk.session, row)
    desk.record(EventName.PERSON_REGISTERED, row.id)
    return _changed(desk, row, unit)


def change_person(desk: PeopleDesk, person_id: str, given: PersonWrite) -> PersonRead:
    """Change name, unit, sign-on or certificate of somebody else. With unit or sign-on his roles
    end: they were given to whoever signed on there.
    """
    row, _ = own_person(desk, person_id)
    unit = named_unit(desk, given.unit)
    _refuse_taken(desk, given, row)
    if (row.unit_id, row.subject) != (given.unit, given.subject):
        repository.end_roles(desk.session, [person_id], desk.now)
        _forget_means(desk, row)
        if row.subject is not None and row.subject != given.subject:
            end(desk.session, "subject", ANY_ISSUER, row.subject, desk.now, at=desk.now)
    for name, value in _person_columns(given).items():
        setattr(row, name, value)
    desk.record(EventName.PERSON_CHANGED, person_id)
    return _changed(desk, row, unit)


def change_state(desk: PeopleDesk, person_id: str, state: str) -> PersonRead:
    """Suspend somebody else, or let him go on: effective for every process within a second."""
    row, unit = own_person(desk, person_id)
    row.state = state
    event = EventName.PERSON_SUSPENDED if state == "suspended" else EventName.PERSON_RESUMED
    desk.record(event, person_id)
    return _changed(desk, row, unit)


def grant_role(desk: PeopleDesk, person_id: str, given: RoleWrite) -> PersonRead:
    """Give somebody else a role. Raises `RoleNotYours` where the caller's own roles may not give
    it, and `RoleExcluded` where he has one that excludes it at any moment of its validity.
    """
    row, unit = own_person(desk, person_id)
    if KINDS[given.role].granted_by.isdisjoint(desk.principal.roles):
        raise RoleNotYours
    grant = RoleGrant(given.role, given.valid_from or desk.now, given.valid_to, given.hours or "")
    _add_role(desk, row, grant)
    return _changed(desk, row, unit)


def end_role(desk: PeopleDesk, person_id: str, role_id: str) -> PersonRead:
    """End a role of somebody else, now. Raises as `grant_role`, and `RoleUnknown`."""
    row, unit = own_person(desk, person_id)
    role = repository.find_role(desk.session, role_id)
    if role is None or role.person_id != person_id:
        raise RoleUnknown
    lent = role.delegated_by is not None and _subject(desk, role) == desk.principal.subject
    if not lent and KINDS[Role(role.role)].granted_by.isdisjoint(desk.principal.roles):
        raise RoleNotYours
    if role.valid_to is None or role.valid_to > desk.now:
        role.valid_to = desk.now
    desk.record(EventName.ROLE_ENDED, person_id, filter=role.role)
    return _changed(desk, row, unit)


def delegate(desk: PeopleDesk, given: DelegationWrite) -> PersonRead:
    """Lend a role of one's own to somebody of the own unit for a while. One that was lent is not
    lent on, so that no circle can be made; it ends with the lender's own.
    """
    own = repository.find_subject(desk.session, desk.principal.subject)
    try:
        row, unit = own_person(desk, given.person)
    except PersonUnknown:
        raise PersonNotThere(pointer="/body/person") from None
    if own is None or own[1].id != unit.id or given.role in _ADMINISTRATORS:
        raise RoleNotYours
    held = [grant for grant in _grants(desk, own[0]) if grant.role is given.role and not grant.by]
    if given.role not in desk.principal.roles:
        raise RoleNotYours
    if not any(grant.holds(desk.now) for grant in held):
        raise RoleNotYours
    days = tables.limit(_LIMITS, "longest_delegation_days", local_date(desk.now))
    if not desk.now < given.until <= desk.now + timedelta(days=days):
        raise RoleNotYours(f"A role is lent for {days} days at most.", pointer="/body/until")
    _add_role(desk, row, RoleGrant(given.role, desk.now, given.until, by=own[0].id))
    return _changed(desk, row, unit)


def _add_role(desk: PeopleDesk, row: Person, grant: RoleGrant) -> None:
    excluded = exclusion(grant, tuple(_grants(desk, row)))
    if excluded is not None:
        raise RoleExcluded(f"{grant.role} excludes {excluded}.", pointer="/body/role")
    role = PersonRole(
        id=new_id_text(),
        person_id=row.id,
        role=grant.role,
        valid_from=grant.valid_from.astimezone(UTC),
        valid_to=grant.valid_to and grant.valid_to.astimezone(UTC),
        hours=grant.hours,
        delegated_by=grant.by or None,
        granted_by=desk.principal.subject,
        granted_at=desk.now,
    )
    repository.add(desk.session, role)
    _forget_means(desk, row)
    event = EventName.ROLE_DELEGATED if grant.by else EventName.ROLE_GRANTED
    desk.record(event, row.id, filter=grant.role)


def _forget_means(desk: PeopleDesk, row: Person) -> None:
    """Nobody signs on with roles by what was set when he had fewer: whoever may give them all sets
    it anew.
    """
    row.public_key = None
    repository.drop_codes(desk.session, row.id)


def _grants(desk: PeopleDesk, row: Person) -> list[RoleGrant]:
    return [_grant(role) for role in repository.roles_of(desk.session, [row.id]).get(row.id, [])]


def _grant(role: PersonRole) -> RoleGrant:
    lender = role.delegated_by or ""
    return RoleGrant(Role(role.role), role.valid_from, role.valid_to, role.hours, lender)


def _subject(desk: PeopleDesk, role: PersonRole) -> str | None:
    lender = role.delegated_by or ""
    return repository.subjects_of(desk.session, [lender]).get(lender)


def own_person(desk: PeopleDesk, person_id: str) -> repository.Placed:
    """Somebody within the caller's region and department who is not himself, held until the commit.
    Raises `PersonUnknown`, `OnOneself`.
    """
    found = repository.find_person(desk.session, person_id, within_scope=desk.scope, lock=True)
    if found is None or not desk.scope.covers(found[1].region, found[1].department):
        raise PersonUnknown
    if found[0].subject == desk.principal.subject:
        raise OnOneself
    return found


def _refuse_taken(desk: PeopleDesk, given: PersonWrite, row: Person | None) -> None:
    for pointer, value, find in (
        ("/body/subject", given.subject, repository.find_subject),
        ("/body/certificate_no", given.certificate_no, repository.find_certificate),
    ):
        holder = find(desk.session, value) if value is not None else None
        if holder is not None and (row is None or holder[0].id != row.id):
            raise PersonExists(pointer=pointer)


def _person_columns(given: PersonWrite) -> dict[str, Any]:
    return given.model_dump(exclude={"unit"}) | {"unit_id": given.unit}


def _changed(desk: PeopleDesk, row: Person, unit: Unit) -> PersonRead:
    row.updated_at = desk.now
    roles = repository.roles_of(desk.session, [row.id]).get(row.id, [])
    row.changed = bump(desk.session, SNAPSHOT_NAME)
    return _person_read(row, unit, roles)


def read_person(session: Session, principal: Principal, person_id: str) -> PersonRead:
    """One person. Raises `PersonUnknown`, also for one the caller may not see."""
    scope = scope_of(principal)
    found = repository.find_person(session, person_id, within_scope=scope)
    if found is None or not scope.covers(found[1].region, found[1].department):
        raise PersonUnknown
    return _person_read(*found, repository.roles_of(session, [person_id]).get(person_id, []))


def list_people(
    session: Session, principal: Principal, *, after: str, limit: int, **wanted: str | None
) -> list[PersonRead]:
    """People within the caller's region and department, by id; `wanted` are name, unit, role,
    state.
    """
    rows = repository.people(
        session,
        scope_of(principal),
        name=wanted["name"],
        unit=wanted["unit"],
        role=wanted["role"],
        state=wanted["state"],
        after=after,
        limit=limit,
    )
    roles = repository.roles_of(session, [person.id for person, _ in rows])
    return [_person_read(person, unit, roles.get(person.id, [])) for person, unit in rows]


def _person_read(row: Person, unit: Unit, roles: list[PersonRole]) -> PersonRead:
    told = row.model_dump(exclude={"id", "unit_id", "changed", "created_by"})
    return PersonRead(
        **told,
        person_id=row.id,
        unit=unit.id,
        department=unit.department or None,
        region=unit.region,
        roles=[
            RoleRead(role_id=role.id, **role.model_dump(exclude={"id", "person_id"}))
            for role in roles
        ],
    )


def new_snapshot() -> Snapshot[directory.People]:
    """An empty snapshot of everybody who may call, to be refreshed: by those who changed since."""

    def load(session: Session) -> directory.People:
        return _roster(_known(session, repository.all_people(session)))

    def update(session: Session, known: directory.People, number: int) -> directory.People:
        undone = repository.imports_undone_after(session, number)
        rows = repository.all_people(session, number)
        changed = {row.id for row, _ in rows}
        kept = [
            person
            for person in known.by_id.values()
            if person.id not in changed and not (undone and person.import_id in undone)
        ]
        return _roster([*kept, *_known(session, rows)])

    return Snapshot(SNAPSHOT_NAME, load, directory.People(), update)


def _roster(people: list[directory.Member]) -> directory.People:
    return directory.People({p.subject: p for p in people}, {p.id: p for p in people})


def _known(session: Session, rows: list[repository.Placed]) -> list[directory.Member]:
    active = [
        (row, unit)
        for row, unit in rows
        if row.subject and row.state == "active" and unit.state == "active"
    ]
    roles = repository.roles_of(session, [row.id for row, _ in active])
    return [
        directory.Member(
            row.id,
            row.subject or "",
            unit.id,
            unit.department,
            unit.region,
            tuple(map(_grant, roles.get(row.id, []))),
            row.certificate_no,
            row.certificate_from,
            row.certificate_to,
            row.import_id,
        )
        for row, unit in active
    ]
