"""Hold a name that no row stands for until the transaction ends: whoever holds the same waits.
SQLite's writers queue anyway, PostgreSQL's here; the wait is bounded as that for a row is.
"""

from enum import IntEnum

from sqlalchemy import text
from sqlmodel import Session

_HOLD = text("select pg_advisory_xact_lock(:kind, hashtext(:name))")


class HeldKind(IntEnum):
    """Of what the name is."""

    RECORD = 1
    OPENER_OF_TASKS = 2
    LISTS_OF_PEOPLE = 3
    OWNER_OF_FILTERS = 4


def hold_name(session: Session, kind: HeldKind, name: str = "") -> None:
    """Until the transaction ends. Raises `DatabaseBusy` where somebody else holds it too long."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_HOLD, {"kind": int(kind), "name": name})
