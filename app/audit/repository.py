"""SQL of the audit trail."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlmodel import Session, col, delete, select

from app.audit.models import ENTRIES, AuditEntry, AuditProbe
from app.core.db import Database, stored
from app.core.ids import first_id_of
from app.core.scoping import within
from auth.scope import Scope


class Row(NamedTuple):
    """An entry as it is stored. `region` and `department` are of whoever acted."""

    id: str
    at: datetime
    event: str
    subject_ref: str
    body: str
    region: str = ""
    department: str = ""


_INSERT = "insert into audit_entries (id, at, event, subject_ref, body, region, department) values "
_PLACES = "(?, ?, ?, ?, ?, ?, ?)"


def insert(session: Session, row: Row) -> None:
    """Add an entry to this transaction."""
    session.add(AuditEntry(**row._asdict()))
    session.flush()


_UNLESS_THERE = " on conflict (id) do nothing"


def insert_many(
    database: Database, connection: Any, rows: list[Row], *, again: bool = False
) -> None:
    """Add entries in one transaction on a driver's own connection, past all mapping: thousands a
    second pass here. `again` passes over those that are there already.

    Durable when it returns. The caller has the writer's turn.
    """
    if database.is_sqlite:
        # One statement is its own transaction: between several, this thread would wait for the
        # interpreter again and again.
        values = [part for i, at, *rest in rows for part in (i, stored(at), *rest)]
        connection.execute(_sqlite_insert(len(rows)), values)
        return
    cursor = connection.cursor()
    _begin(database, cursor)
    statement = (_INSERT + _PLACES).replace("?", "%s")
    cursor.executemany(statement + (_UNLESS_THERE if again else ""), rows)
    cursor.close()
    connection.commit()


def _begin(database: Database, cursor: Any) -> None:
    if database.bounds.pooled:
        cursor.execute(database.bounds.for_transaction)


_PROBE = (
    "insert into audit_probes (id, at) values (?, ?) "
    "on conflict (id) do update set at = excluded.at"
)
_LEFT_BEHIND = "delete from audit_probes where at < ?"
_ENTRY = _INSERT + _PLACES


def probe(
    database: Database, connection: Any, name: str, at: datetime, left_behind: datetime
) -> None:
    """See whether an entry could be written: it is, and is taken back; and write something durably
    that is none. What processes that are gone left behind is removed. The caller has the writer's
    turn.
    """
    cursor = connection.cursor()
    if database.is_sqlite:
        cursor.execute("begin immediate")  # the connection begins none by itself
    else:
        _begin(database, cursor)
    now, gone = (stored(at), stored(left_behind)) if database.is_sqlite else (at, left_behind)
    for statement, values in (
        ("savepoint probe", ()),
        (_ENTRY, (name, now, "probe", "", "", "", "")),
        ("rollback to savepoint probe", ()),
        (_PROBE, (name, now)),
        (_LEFT_BEHIND, (gone,)),
    ):
        cursor.execute(statement if database.is_sqlite else statement.replace("?", "%s"), values)
    connection.commit()
    cursor.close()


def leave_probe(session: Session, name: str, at: datetime) -> None:
    """Write something that is no entry, under a name; what its last one left goes."""
    session.exec(delete(AuditProbe).where(col(AuditProbe.id) == name))
    session.add(AuditProbe(id=name, at=at))


@lru_cache(maxsize=64)
def _sqlite_insert(count: int) -> str:
    return _INSERT + ", ".join([_PLACES] * count)


class EntriesWanted(NamedTuple):
    """Which entries: of an event, about a business by its references, of a request; of a span of
    ids alone, if there is one; made since a time, and before another. `newest` first where that is
    wanted.
    """

    event: str | None = None
    subject_refs: list[str] | None = None
    trace_id: str | None = None
    span: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest: bool = False


def page(
    session: Session, scope: Scope, wanted: EntriesWanted, *, nameless: str, after: int, limit: int
) -> list[tuple[int, AuditEntry]]:
    """Entries of a scope after a number, with theirs, oldest first; before it (all for 0) and
    newest first where that is wanted.
    """
    number = ENTRIES.order(session, col(AuditEntry.number), col(AuditEntry.row))
    query = select(number, AuditEntry).where(
        number.is_not(None) & (number < after if wanted.newest and after else number > after),
        *within(scope, AuditEntry.region, AuditEntry.department, nameless=nameless),
    )
    if wanted.since is not None:
        query = query.where(col(AuditEntry.id) >= first_id_of(wanted.since))
    if wanted.until is not None:
        query = query.where(col(AuditEntry.id) < first_id_of(wanted.until))
    if wanted.event is not None:
        query = query.where(AuditEntry.event == wanted.event)
    if wanted.subject_refs is not None:
        query = query.where(col(AuditEntry.subject_ref).in_(wanted.subject_refs))
    if wanted.span is not None:
        query = query.where(col(AuditEntry.id).between(*wanted.span))
    if wanted.trace_id is not None:
        query = query.where(col(AuditEntry.body).contains(f'"trace_id":"{wanted.trace_id}"'))
    order = number.desc() if wanted.newest else number
    return list(session.exec(query.order_by(order).limit(limit)))
