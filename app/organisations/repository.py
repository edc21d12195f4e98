"""SQL of units and people."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Text, cast, delete, or_, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from app.core.scoping import within
from app.organisations.models import (
    EndedSignOn,
    OneTimeCode,
    PeopleImport,
    Person,
    PersonRole,
    Unit,
)
from auth.scope import EVERYTHING, Scope

Placed = tuple[Person, Unit]


def add(session: Session, row: Unit | Person | PersonRole | EndedSignOn) -> None:
    """Store something new; what refers to it can follow in the same transaction."""
    session.add(row)
    session.flush()


def find_unit(session: Session, unit_id: str, *, lock: bool = False) -> Unit | None:
    """A unit by id; `lock` holds its row until the transaction ends."""
    return session.get(Unit, unit_id, with_for_update=lock or None)


def units(
    session: Session, scope: Scope, *, part: str | None, after: str, limit: int
) -> list[Unit]:
    """Units of a scope after an id, by id."""
    query = select(Unit).where(*within(scope, Unit.region, Unit.department), col(Unit.id) > after)
    if part is not None:  # names of parts stand in no other one
        query = query.where(cast(Unit.parts, Text).contains(f'"{part}"'))
    return list(session.exec(query.order_by(col(Unit.id)).limit(limit)))


def _placed() -> "Select[Person, Unit]":
    return select(Person, Unit).join(Unit, col(Unit.id) == col(Person.unit_id))


def find_person(
    session: Session, person_id: str, *, within_scope: Scope = EVERYTHING, lock: bool = False
) -> Placed | None:
    """A person with the unit, by id, if within a scope: who lies beyond is not even read, for time
    would tell of it. `lock` holds the person's row until the transaction ends.
    """
    query = _placed().where(
        Person.id == person_id, *within(within_scope, Unit.region, Unit.department)
    )
    if lock:
        query = query.with_for_update(of=Person)
    return session.exec(query).first()


def find_subject(session: Session, subject: str) -> Placed | None:
    """The person who signs on as a subject."""
    return session.exec(_placed().where(Person.subject == subject)).first()


def find_certificate(session: Session, certificate_no: str, *, lock: bool = False) -> Placed | None:
    """The holder of a certificate; `lock` holds the person's row until the transaction ends."""
    query = _placed().where(Person.certificate_no == certificate_no)
    if lock:
        query = query.with_for_update(of=Person)
    return session.exec(query).first()


def holders(session: Session, certificate_numbers: Collection[str]) -> list[Placed]:
    """The holders of certificates; unknown numbers are absent."""
    return list(session.exec(_placed().where(col(Person.certificate_no).in_(certificate_numbers))))


def departments(session: Session) -> frozenset[str]:
    """Departments that units belong to."""
    return frozenset(session.exec(select(col(Unit.department)).distinct())) - {""}


def certified(session: Session, scope: Scope, *, after: str, limit: int) -> list[Placed]:
    """People of a scope with a certificate after a number, by number."""
    query = _placed().where(
        *within(scope, Unit.region, Unit.department), col(Person.certificate_no) > after
    )
    return list(session.exec(query.order_by(col(Person.certificate_no)).limit(limit)))


def people(
    session: Session,
    scope: Scope,
    *,
    name: str | None,
    unit: str | None,
    role: str | None,
    state: str | None,
    after: str,
    limit: int,
) -> list[Placed]:
    """People of a scope after an id, by id: those whose name holds a text, of a unit, with a
    role.
    """
    query = _placed().where(*within(scope, Unit.region, Unit.department), col(Person.id) > after)
    if name is not None:
        query = query.where(col(Person.name).contains(name, autoescape=True))
    if unit is not None:
        query = query.where(Person.unit_id == unit)
    if state is not None:
        query = query.where(Person.state == state)
    if role is not None:
        has = select(PersonRole.id).where(
            PersonRole.person_id == Person.id, PersonRole.role == role
        )
        query = query.where(has.exists())
    return list(session.exec(query.order_by(col(Person.id)).limit(limit)))


def all_people(session: Session, after: int | None = None) -> list[Placed]:
    """Everybody, or those that changed after a revision."""
    query = _placed()
    if after is not None:
        query = query.where(col(Person.changed) > after)
    return list(session.exec(query))


def imports_undone_after(session: Session, revision: int) -> frozenset[str]:
    """Imports that were undone after a revision: whom they added is no more."""
    return frozenset(
        session.exec(select(PeopleImport.id).where(col(PeopleImport.changed) > revision))
    )


def roles_of(session: Session, people_ids: Iterable[str]) -> dict[str, list[PersonRole]]:
    """Roles by person, the oldest first."""
    found: dict[str, list[PersonRole]] = {}
    ids = list(people_ids)
    for begin in range(0, len(ids), _AT_ONCE):
        some = col(PersonRole.person_id).in_(ids[begin : begin + _AT_ONCE])
        for row in session.exec(select(PersonRole).where(some).order_by(col(PersonRole.id))):
            found.setdefault(row.person_id, []).append(row)
    return found


_AT_ONCE = 500


def names_by_certificate(session: Session, numbers: Collection[str]) -> dict[str, str]:
    """Names by certificate; whom nobody registered is absent."""
    query = select(Person.certificate_no, Person.name).where(
        col(Person.certificate_no).in_(numbers)
    )
    return {number: name for number, name in session.exec(query) if number is not None}


def find_role(session: Session, role_id: str) -> PersonRole | None:
    """A role of a person by its id."""
    return session.get(PersonRole, role_id)


def subjects_of(session: Session, people_ids: Collection[str]) -> dict[str, str]:
    """Subjects by person, of those who have one."""
    query = select(Person.id, Person.subject).where(col(Person.id).in_(people_ids))
    return {found: subject for found, subject in session.exec(query) if subject is not None}


def units_of(session: Session, subjects: Collection[str]) -> dict[str, Unit]:
    """The units of people by subject; who is not registered is absent."""
    query = select(Person.subject, Unit).join(Unit, col(Unit.id) == col(Person.unit_id))
    found = session.exec(query.where(col(Person.subject).in_(subjects)))
    return {subject: unit for subject, unit in found if subject is not None}


def has_role(session: Session, role: str, now: datetime) -> bool:
    """Whether anybody who may call has a role that has not ended."""
    query = (
        select(PersonRole.id)
        .join(Person, col(Person.id) == col(PersonRole.person_id))
        .join(Unit, col(Unit.id) == col(Person.unit_id))
        .where(
            PersonRole.role == role,
            or_(col(PersonRole.valid_to).is_(None), col(PersonRole.valid_to) > now),
            Person.state == "active",
            Unit.state == "active",
        )
    )
    return session.exec(query).first() is not None


def hold_people_of(session: Session, unit_id: str) -> list[str]:
    """Everybody of a unit; their rows are held until the transaction ends."""
    query = select(Person.id).where(Person.unit_id == unit_id).order_by(col(Person.id))
    return list(session.exec(query.with_for_update()))


def change_all(session: Session, people_ids: Collection[str], revision: int) -> None:
    """Note that people changed."""
    of = col(Person.id).in_(people_ids)
    session.connection().execute(update(Person).where(of).values(changed=revision))


def end_roles(session: Session, people_ids: Collection[str], now: datetime) -> None:
    """End whatever roles people have, or are to have."""
    last = col(PersonRole.valid_to)
    of = col(PersonRole.person_id).in_(people_ids) & (last.is_(None) | (last > now))
    session.flush()
    session.connection().execute(
        update(PersonRole)
        .where(of)
        .values(valid_to=now)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def drop_codes(session: Session, person_id: str) -> None:
    """Forget the unused one-time codes of somebody."""
    unused = (col(OneTimeCode.person_id) == person_id, col(OneTimeCode.used_at).is_(None))
    session.exec(delete(OneTimeCode).where(*unused))


def find_ended(session: Session, identity: str) -> EndedSignOn | None:
    """An end of sign-ons."""
    return session.get(EndedSignOn, identity)


def forget_ended_before(session: Session, now: datetime) -> None:
    """Forget what nobody could use any more."""
    session.exec(delete(EndedSignOn).where(col(EndedSignOn.until) < now))


def ended_sign_ons(
    session: Session, after: int
) -> Iterable[tuple[str, str, str, datetime, datetime]]:
    """What ended after a revision: kind, issuer, what it is, until when, and how long it counts."""
    row = EndedSignOn
    told = (row.kind, row.issuer, row.ref, row.ended_at, row.until)
    query = sql_select(*map(col, told)).where(col(row.changed) > after)
    rows: Any = session.connection().execute(query)
    return [tuple(row) for row in rows]


def ending_certificates(session: Session, after: date, until: date) -> list[tuple[str, str, date]]:
    """Active people, their certificates, and the last day, if it lies within these days."""
    columns = col(Person.id), col(Person.certificate_no), col(Person.certificate_to)
    query = sql_select(*columns).where(
        col(Person.certificate_no).is_not(None),
        col(Person.certificate_to) > after,
        col(Person.certificate_to) <= until,
        col(Person.state) == "active",
    )
    rows = session.execute(query.order_by(col(Person.certificate_no)))
    return [(person_id, number, last) for person_id, number, last in rows]
