"""Who belongs here: units, people, their roles. Callers commit.

Whoever registers people and whoever gives them roles are two people (三员分立), and nobody does
anything for himself.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.core.ids import new_id_text
from app.core.snapshots import Snapshot, bump
from app.organisations import directory, repository
from app.organisations.errors import (
    OnOneself,
    PersonExists,
    PersonNotThere,
    PersonUnknown,
    RoleExcluded,
    RoleNotYours,
    RoleUnknown,
    UnitExists,
    UnitForeign,
    UnitNotThere,
    UnitUnknown,
)
from app.organisations.models import Person, PersonRole, Unit
from app.organisations.roles import KINDS, RoleGrant, exclusion
from app.organisations.schemas import (
    DelegationWrite,
    NamePair,
    PersonRead,
    PersonWrite,
    RoleRead,
    RoleWrite,
    UnitCreate,
    UnitRead,
    UnitWrite,
)
from auth.principal import Principal, Role
from auth.scope import Scope, scope_of

SNAPSHOT_NAME = "people"
LONGEST_DELEGATION = timedelta(days=30)
_ADMINISTRATORS = frozenset(
    {Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR}
)


@dataclass(frozen=True, slots=True)
class PeopleDesk:
    """What every use case needs: the transaction, the trail, the caller."""

    session: Session
    trail: Trail
    principal: Principal

    @property
    def scope(self) -> Scope:
        """Whom the caller may act on."""
        return scope_of(self.principal)

    @property
    def now(self) -> datetime:
        """The instant of the act."""
        return self.trail.clock.now()

    def record(self, event: EventName, about: str, **more: Any) -> None:
        """Append an entry about a unit or a person."""
        entry = act_of(self.principal, event, object_ref=about, **more)
        self.trail.append(self.session, entry)


def create_unit(desk: PeopleDesk, given: UnitCreate) -> UnitRead:
    """Register a unit within the caller's region and department. Raises `UnitForeign`,
    `UnitExists`.
    """
    if not desk.scope.covers(given.region, given.department or ""):
        raise UnitForeign
    if repository.find_unit(desk.session, given.unit_id) is not None:
        raise UnitExists(pointer="/body/unit_id")
    row = Unit(id=given.unit_id, updated_at=desk.now, **_columns(given))
    repository.add(desk.session, row)
    desk.record(EventName.UNIT_REGISTERED, row.id)
    return _unit_read(row)


def change_unit(desk: PeopleDesk, unit_id: str, given: UnitWrite) -> UnitRead:
    """Change a unit; its people belong to the changed one within a second. Raises `UnitUnknown`,
    `UnitForeign`.
    """
    row = _own_unit(desk, unit_id, lock=True)
    if not desk.scope.covers(given.region, given.department or ""):
        raise UnitForeign
    for name, value in _columns(given).items():
        setattr(row, name, value)
    row.updated_at = desk.now
    desk.record(EventName.UNIT_CHANGED, unit_id)
    _everybody_changed(desk, unit_id)
    return _unit_read(row)


def change_unit_state(desk: PeopleDesk, unit_id: str, state: str) -> UnitRead:
    """Suspend a unit, and with it everybody of it, or let it go on."""
    row = _own_unit(desk, unit_id, lock=True)
    row.state, row.updated_at = state, desk.now
    event = EventName.UNIT_SUSPENDED if state == "suspended" else EventName.UNIT_RESUMED
    desk.record(event, unit_id)
    _everybody_changed(desk, unit_id)
    return _unit_read(row)


def list_units(
    session: Session, principal: Principal, *, part: str | None, after: str, limit: int
) -> list[UnitRead]:
    """Units within the caller's region and department, by id."""
    rows = repository.units(session, scope_of(principal), part=part, after=after, limit=limit)
    return [_unit_read(row) for row in rows]


def _columns(given: UnitWrite) -> dict[str, Any]:
    told = given.model_dump(exclude={"name", "unit_id"})
    return told | {
        "name_zh": given.name.zh,
        "name_en": given.name.en,
        "department": given.department or "",
    }


def _unit_read(row: Unit) -> UnitRead:
    return UnitRead(
        **row.model_dump(exclude={"id", "name_zh", "name_en", "department"}),
        unit_id=row.id,
        name=NamePair(zh=row.name_zh, en=row.name_en),
        department=row.department or None,
    )


def _own_unit(desk: PeopleDesk, unit_id: str, *, lock: bool = False) -> Unit:
    row = repository.find_unit(desk.session, unit_id, lock=lock)
    if row is None or not desk.scope.covers(row.region, row.department):
        raise UnitUnknown
    return row


def _named_unit(desk: PeopleDesk, unit_id: str) -> Unit:
    """A unit that a body names."""
    try:
        return _own_unit(desk, unit_id)
    except UnitUnknown:
        raise UnitNotThere(pointer="/body/unit") from None


def _everybody_changed(desk: PeopleDesk, unit_id: str) -> None:
    repository.change_of_unit(desk.session, unit_id, bump(desk.session, SNAPSHOT_NAME))


def create_person(desk: PeopleDesk, given: PersonWrite) -> PersonRead:
    """Register somebody of a unit, without any role. Raises `UnitNotThere`, `PersonExists`."""
    unit = _named_unit(desk, given.unit)
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
    """Change name, unit, sign-on or certificate of somebody else."""
    row, _ = own_person(desk, person_id)
    unit = _named_unit(desk, given.unit)
    _refuse_taken(desk, given, row)
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
    if not any(grant.holds(desk.now) for grant in held):
        raise RoleNotYours
    if not desk.now < given.until <= desk.now + LONGEST_DELEGATION:
        raise RoleNotYours(
            f"A role is lent for {LONGEST_DELEGATION.days} days at most.", pointer="/body/until"
        )
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
    event = EventName.ROLE_DELEGATED if grant.by else EventName.ROLE_GRANTED
    desk.record(event, row.id, filter=grant.role)


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
    found = repository.find_person(desk.session, person_id, lock=True)
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
    found = repository.find_person(session, person_id)
    if found is None or not scope_of(principal).covers(found[1].region, found[1].department):
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
        rows = repository.all_people(session, number)
        changed = {row.id for row, _ in rows}
        kept = [person for person in known.by_id.values() if person.id not in changed]
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
            unit.department,
            unit.region,
            tuple(map(_grant, roles.get(row.id, []))),
            row.certificate_no,
            row.certificate_from,
            row.certificate_to,
        )
        for row, unit in active
    ]
