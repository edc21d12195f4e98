"""SQL of last-known answers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, text, tuple_
from sqlmodel import Session, col, select

from app.core.db import Database
from app.profile.models import LastKnownAnswer

_COLUMNS = LastKnownAnswer.metadata.tables["last_known_answers"].c
_PUT = text(
    "insert into last_known_answers (subject, ref, part, sealed, size, kept_at, ends_at) "
    "values (:subject, :ref, :part, :sealed, :size, :kept_at, :ends_at) "
    "on conflict (subject, ref, part) do update set sealed = excluded.sealed, "
    "size = excluded.size, kept_at = excluded.kept_at, "
    "ends_at = excluded.ends_at where excluded.kept_at > last_known_answers.kept_at"
).bindparams(*(bindparam(name, type_=_COLUMNS[name].type) for name in ("kept_at", "ends_at")))


def create(database: Database) -> None:
    """The table in a file of its own."""
    LastKnownAnswer.metadata.create_all(
        database.writing,
        [LastKnownAnswer.__table__],  # type: ignore[attr-defined]  # SQLModel's
    )


def put(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keep answers; a newer one that another process kept meanwhile stays."""
    session.connection().execute(_PUT, list(rows))


def remove_of(session: Session, subject: str) -> int:
    """Drop the answers about one business; how many that were."""
    statement = delete(LastKnownAnswer).where(col(LastKnownAnswer.subject) == subject)
    return session.connection().execute(statement).rowcount


def find(
    session: Session, asked: Iterable[tuple[str, str]], now: datetime
) -> list[tuple[str, str, str, bytes]]:
    """Subject, ref, part and what is sealed, by subject and ref, of what may still stand in."""
    row = LastKnownAnswer
    query = select(row.subject, row.ref, row.part, row.sealed).where(
        tuple_(col(row.subject), col(row.ref)).in_(list(asked)), col(row.ends_at) > now
    )
    return [(subject, ref, part, sealed) for subject, ref, part, sealed in session.exec(query)]


def tidy(session: Session, now: datetime, most_bytes: int) -> bool:
    """Drop what may no longer stand in, and a tenth, the oldest, of what is too much; whether it
    is still too much.
    """
    connection = session.connection()
    connection.execute(delete(LastKnownAnswer).where(col(LastKnownAnswer.ends_at) <= now))
    row = LastKnownAnswer
    held, count = session.exec(
        select(func.coalesce(func.sum(row.size), 0), func.count(col(row.kept_at)))
    ).one()
    if held <= most_bytes:
        return False
    tenth = select(row.kept_at).order_by(col(row.kept_at)).offset(count // 10).limit(1)
    until = session.exec(tenth).one()
    connection.execute(delete(LastKnownAnswer).where(col(row.kept_at) <= until))
    return held * 9 // 10 > most_bytes
