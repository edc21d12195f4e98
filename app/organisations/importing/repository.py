"""SQL of lists of people."""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import delete, or_
from sqlmodel import Session, col, select

from app.core.holds import HeldKind, hold_name
from app.core.scoping import within
from app.organisations.models import OneTimeCode, PeopleImport, Person, PersonRole, Unit
from auth.scope import Scope

_AT_ONCE = 400


def _portions(values: Collection[str]) -> Iterator[list[str]]:
    every = sorted(values)
    for begin in range(0, len(every), _AT_ONCE):
        yield every[begin : begin + _AT_ONCE]


def units_named(session: Session, scope: Scope, names: Collection[str]) -> list[Unit]:
    """Units of a scope whose id or name is one of these."""
    found: list[Unit] = []
    for some in _portions(names):
        named = or_(
            col(Unit.id).in_(some), col(Unit.name_zh).in_(some), col(Unit.name_en).in_(some)
        )
        query = select(Unit).where(named, *within(scope, Unit.region, Unit.department))
        found += session.exec(query)
    return found


def people_told_by(
    session: Session, subjects: Collection[str], certificates: Collection[str]
) -> list[Person]:
    """People who sign on as one of these, or have one of these certificates, wherever they are."""
    found: dict[str, Person] = {}
    for column, values in ((Person.subject, subjects), (Person.certificate_no, certificates)):
        for some in _portions(values):
            found |= {
                row.id: row for row in session.exec(select(Person).where(col(column).in_(some)))
            }
    return list(found.values())


def nameless_of(session: Session, unit_ids: Collection[str]) -> set[tuple[str, str]]:
    """Unit and name of those who neither sign on nor have a certificate."""
    found: set[tuple[str, str]] = set()
    for some in _portions(unit_ids):
        query = select(Person.unit_id, Person.name).where(
            col(Person.unit_id).in_(some),
            col(Person.subject).is_(None),
            col(Person.certificate_no).is_(None),
        )
        found.update(session.exec(query))
    return found


def hold_imports(session: Session) -> None:
    """Let whoever takes over two lists at once wait for himself: without sign-on and certificate
    nothing else tells that somebody is there already.
    """
    hold_name(session, HeldKind.LISTS_OF_PEOPLE)


def add(session: Session, done: PeopleImport, people: list[Person]) -> None:
    """Store an import and whom it adds."""
    session.add(done)
    session.add_all(people)
    session.flush()


def imports(session: Session, scope: Scope, *, before: str, limit: int) -> list[PeopleImport]:
    """Imports of a scope before an id (empty: all), the last one first."""
    query = select(PeopleImport).where(*within(scope, PeopleImport.region, PeopleImport.department))
    if before:
        query = query.where(col(PeopleImport.id) < before)
    return list(session.exec(query.order_by(col(PeopleImport.id).desc()).limit(limit)))


def hold_import(session: Session, scope: Scope, import_id: str) -> PeopleImport | None:
    """An import of a scope, held until the transaction ends."""
    query = select(PeopleImport).where(
        PeopleImport.id == import_id,
        *within(scope, PeopleImport.region, PeopleImport.department),
    )
    return session.exec(query.with_for_update()).first()


def hold_people_of(session: Session, import_id: str) -> list[Person]:
    """Whom an import added, held until the transaction ends."""
    query = select(Person).where(Person.import_id == import_id).order_by(col(Person.id))
    return list(session.exec(query.with_for_update()))


def count_untouched(session: Session, scope: Scope, import_id: str, since: datetime) -> int:
    """How many of an import lie within a scope, were not changed since, and have had no role."""
    roles = select(PersonRole.id).where(PersonRole.person_id == Person.id).exists()
    query = (
        select(Person.id)
        .join(Unit, col(Unit.id) == col(Person.unit_id))
        .where(
            Person.import_id == import_id,
            Person.updated_at == since,
            Person.state == "active",
            ~roles,
            *within(scope, Unit.region, Unit.department),
        )
    )
    return len(session.exec(query).all())


def drop_people_of(session: Session, import_id: str) -> int:
    """Delete whom an import added, with their unused codes; how many they were."""
    mine = select(Person.id).where(Person.import_id == import_id)
    session.flush()
    connection = session.connection()
    connection.execute(delete(OneTimeCode).where(col(OneTimeCode.person_id).in_(mine)))
    dropped = connection.execute(delete(Person).where(col(Person.import_id) == import_id))
    session.expire_all()
    return dropped.rowcount
