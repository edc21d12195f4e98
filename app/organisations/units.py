"""Units: registered, changed, suspended with everybody of them. Callers commit."""

from typing import Any

from sqlmodel import Session

from app.audit.events import EventName
from app.core.snapshots import bump
from app.organisations import repository
from app.organisations.desk import SNAPSHOT_NAME, PeopleDesk
from app.organisations.errors import (
    OnOneself,
    UnitExists,
    UnitForeign,
    UnitNotThere,
    UnitUnknown,
)
from app.organisations.models import Unit
from app.organisations.schemas import NamePair, UnitCreate, UnitRead, UnitWrite
from auth.permissions import Permission, allows
from auth.principal import Principal
from auth.scope import EVERYTHING, scope_of


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
    """Change a unit; its people belong to the changed one within a second. Where region or
    department change, their roles end: they were given for where it was. Raises `UnitUnknown`,
    `UnitForeign`, `OnOneself`.
    """
    row = others_unit(desk, unit_id)
    if not desk.scope.covers(given.region, given.department or ""):
        raise UnitForeign
    moved = (row.region, row.department) != (given.region, given.department or "")
    people = repository.hold_people_of(desk.session, unit_id)
    if moved:  # roles were given for where it was
        repository.end_roles(desk.session, people, desk.now)
    for name, value in _columns(given).items():
        setattr(row, name, value)
    row.updated_at = desk.now
    desk.record(EventName.UNIT_CHANGED, unit_id, outcome="roles_ended" if moved else "ok")
    repository.change_all(desk.session, people, bump(desk.session, SNAPSHOT_NAME))
    return _unit_read(row)


def change_unit_state(desk: PeopleDesk, unit_id: str, state: str) -> UnitRead:
    """Suspend a unit, and with it everybody of it, or let it go on."""
    row = others_unit(desk, unit_id)
    people = repository.hold_people_of(desk.session, unit_id)
    row.state, row.updated_at = state, desk.now
    event = EventName.UNIT_SUSPENDED if state == "suspended" else EventName.UNIT_RESUMED
    desk.record(event, unit_id)
    repository.change_all(desk.session, people, bump(desk.session, SNAPSHOT_NAME))
    return _unit_read(row)


def list_units(
    session: Session, principal: Principal, *, part: str | None, after: str, limit: int
) -> list[UnitRead]:
    """Units within the caller's region and department, by id. Whoever manages agreements sees
    everybody who takes a part in them: he has to name the other two parties.
    """
    open_to = part is not None and allows(principal, Permission.AGREEMENT_MANAGE)
    scope = EVERYTHING if open_to else scope_of(principal)
    rows = repository.units(session, scope, part=part, after=after, limit=limit)
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


def own_unit(desk: PeopleDesk, unit_id: str, *, lock: bool = False) -> Unit:
    row = repository.find_unit(desk.session, unit_id, lock=lock)
    if row is None or not desk.scope.covers(row.region, row.department):
        raise UnitUnknown
    return row


def named_unit(desk: PeopleDesk, unit_id: str) -> Unit:
    """A unit that a body names."""
    try:
        return own_unit(desk, unit_id)
    except UnitUnknown:
        raise UnitNotThere(pointer="/body/unit") from None


def others_unit(desk: PeopleDesk, unit_id: str) -> Unit:
    """A unit that is not the caller's own, held until the commit: who takes his own away could not
    give it back.
    """
    row = own_unit(desk, unit_id, lock=True)
    own = repository.find_subject(desk.session, desk.principal.subject)
    if own is not None and own[1].id == unit_id:
        raise OnOneself
    return row
