"""Lists of people: tried, taken over, taken back. Callers commit."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from sqlmodel import Session

from app.audit.events import EventName
from app.core.errors import Fault
from app.core.ids import new_id_text
from app.core.snapshots import bump
from app.core.texts import fault_words
from app.organisations.desk import SNAPSHOT_NAME, PeopleDesk
from app.organisations.errors import ImportFaulty, ImportUndone, ImportUnknown, ImportUsed
from app.organisations.importing import repository
from app.organisations.importing.schemas import ImportDone, ImportRead, LineFault
from app.organisations.importing.table import Line, PeopleTable
from app.organisations.models import PeopleImport, Person, Unit
from auth.principal import Principal
from auth.scope import scope_of

Names = Callable[[Session, Collection[str]], int]
"""How many of some people other rooms name."""
_MOST_FAULTS = 200
_COMPARED = ("name", "subject", "certificate_no", "certificate_from", "certificate_to")


def take_over(desk: PeopleDesk, table: PeopleTable, *, dry_run: bool) -> ImportRead:
    """Register everybody of a list, without any role, or nobody: raises `ImportFaulty` with every
    fault. Who stands there just so is not registered twice, so that a list can be sent again. A dry
    run changes nothing and tells the faults.
    """
    faults = list(table.faults)
    sorted_out = _sort_out(desk, table.lines)
    faults += sorted_out.faults
    if dry_run:  # it tells who is registered anywhere
        desk.record(EventName.PEOPLE_IMPORT_TRIED, "", count=table.length)
    elif faults:
        raise ImportFaulty(faults)
    done = None
    if not faults and not dry_run and sorted_out.new:
        done = _register(desk, sorted_out)
    return ImportRead(
        import_id=done,
        dry_run=dry_run,
        lines=table.length,
        added=0 if faults else len(sorted_out.new),
        known=0 if faults else sorted_out.known,
        faults=[_told(fault) for fault in faults[:_MOST_FAULTS]],
        more_faults=max(0, len(faults) - _MOST_FAULTS),
    )


class _Sorted(NamedTuple):
    """Who is to be registered where, how many are, and which lines do not fit the directory."""

    new: list[tuple[Line, Unit]]
    known: int
    faults: list[Fault]


def _sort_out(desk: PeopleDesk, lines: Collection[Line]) -> _Sorted:
    repository.hold_imports(desk.session)
    units = _Units(
        repository.units_named(desk.session, desk.scope, {line.person.unit for line in lines})
    )
    held = repository.people_told_by(
        desk.session,
        {line.person.subject for line in lines if line.person.subject},
        {line.person.certificate_no for line in lines if line.person.certificate_no},
    )
    holders = {("subject", row.subject): row for row in held}
    holders |= {("certificate_no", row.certificate_no): row for row in held}
    nameless = repository.nameless_of(desk.session, units.ids)
    new, known, faults = [], 0, []
    for line in lines:
        unit = units.named(line)
        if isinstance(unit, Fault):
            faults.append(unit)
            continue
        told = {c: v for c in ("subject", "certificate_no") if (v := getattr(line.person, c))}
        taken = {c: row for c, v in told.items() if (row := holders.get((c, v))) is not None}
        if not taken and not (not told and (unit.id, line.person.name) in nameless):
            new.append((line, unit))
            nameless |= set() if told else {(unit.id, line.person.name)}
        elif all(_is_just_so(row, line, unit) for row in taken.values()):
            known += 1
        else:
            faults += [
                Fault(f"/lines/{line.number}/{column}", "person_registered") for column in taken
            ]
    return _Sorted(new, known, faults)


def _is_just_so(row: Person, line: Line, unit: Unit) -> bool:
    same = all(getattr(row, name) == getattr(line.person, name) for name in _COMPARED)
    return same and row.unit_id == unit.id and row.state == "active"


class _Units:
    """Units by what a list calls them: the id goes before a name."""

    def __init__(self, rows: list[Unit]) -> None:
        self._by_id = {row.id: row for row in rows}
        self._by_name: dict[str, list[Unit]] = {}
        for row in self._by_id.values():
            for name in {row.name_zh, row.name_en}:
                self._by_name.setdefault(name, []).append(row)

    @property
    def ids(self) -> list[str]:
        return list(self._by_id)

    def named(self, line: Line) -> Unit | Fault:
        name = line.person.unit
        found = [self._by_id[name]] if name in self._by_id else self._by_name.get(name, [])
        if len(found) == 1 and found[0].state == "active":
            return found[0]
        code = "unit_ambiguous" if len(found) > 1 else "unit_not_there"
        return Fault(f"/lines/{line.number}/unit", code)


def _register(desk: PeopleDesk, given: _Sorted) -> str:
    now = desk.now
    done = PeopleImport(
        id=new_id_text(),
        region=desk.principal.region,
        department=desk.scope.department or "",
        added=len(given.new),
        known=given.known,
        created_by=desk.principal.subject,
        created_at=now,
    )
    people = [
        Person(
            id=new_id_text(),
            unit_id=unit.id,
            created_by=desk.principal.subject,
            updated_at=now,
            import_id=done.id,
            **line.person.model_dump(exclude={"unit"}),
        )
        for line, unit in given.new
    ]
    repository.add(desk.session, done, people)
    desk.record(EventName.PEOPLE_IMPORTED, done.id, count=len(people))
    for person in people:
        desk.record(EventName.PERSON_REGISTERED, person.id)
    revision = bump(desk.session, SNAPSHOT_NAME)
    for person in people:
        person.changed = revision
    return done.id


def undo(desk: PeopleDesk, import_id: str, names: Names) -> ImportDone:
    """Delete everybody that an import added. Raises `ImportUnknown`, `ImportUndone`, and
    `ImportUsed` where one of them was changed, given a role, or named by a record (`names`) since:
    he is somebody by now.
    """
    done = repository.hold_import(desk.session, desk.scope, import_id)
    if done is None:
        raise ImportUnknown
    if done.undone_at is not None:
        raise ImportUndone
    held = [person.id for person in repository.hold_people_of(desk.session, import_id)]
    people, since = len(held), done.created_at
    used = names(desk.session, held) or people - repository.count_untouched(
        desk.session, desk.scope, import_id, since
    )
    if used:
        raise ImportUsed(f"{used} of {people} people.")
    dropped = repository.drop_people_of(desk.session, import_id)
    done.undone_by, done.undone_at = desk.principal.subject, desk.now
    desk.record(EventName.PEOPLE_IMPORT_UNDONE, import_id, count=dropped)
    done.changed = bump(desk.session, SNAPSHOT_NAME)
    return _done_read(done)


def list_imports(
    session: Session, principal: Principal, *, before: str, limit: int
) -> list[ImportDone]:
    """Imports within the caller's region and department, the last one first."""
    rows = repository.imports(session, scope_of(principal), before=before, limit=limit)
    return [_done_read(row) for row in rows]


def _done_read(row: PeopleImport) -> ImportDone:
    told = row.model_dump(exclude={"id", "region", "department", "changed"})
    return ImportDone(import_id=row.id, **told)


def _told(fault: Fault) -> LineFault:
    parts = fault.pointer.split("/")[2:]
    return LineFault(
        line=int(parts[0]) if parts else None,
        column=parts[1] if len(parts) > 1 else None,
        code=fault.code,
        text=fault_words(fault.code, dict(fault.bounds)),
    )
