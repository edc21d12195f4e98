"""SQL of signing on."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.organisations.models import OneTimeCode, SigningKeyRow, UsedAssertion


def signing_keys(session: Session) -> list[SigningKeyRow]:
    """All signing keys, the first that signs first."""
    return list(session.exec(select(SigningKeyRow).order_by(col(SigningKeyRow.signs_from))))


def add(session: Session, row: SigningKeyRow | OneTimeCode) -> None:
    """Store something new."""
    session.add(row)
    session.flush()


def find_code(session: Session, digest: str, *, lock: bool = False) -> OneTimeCode | None:
    """A code by its digest; `lock` reads it anew and holds it until the transaction ends: nobody
    else takes it meanwhile.
    """
    return session.get(OneTimeCode, digest, with_for_update=lock or None, populate_existing=lock)


def forget_codes(session: Session, now: datetime) -> None:
    """Forget everybody's codes that nobody needs to be told of any more."""
    session.exec(delete(OneTimeCode).where(col(OneTimeCode.keep_until) < now))


def take_assertion(session: Session, digest: str, until: datetime, now: datetime) -> bool:
    """Take an assertion, once: whether nobody has taken it before or takes it at this instant.
    Those that have ended are forgotten.
    """
    session.exec(delete(UsedAssertion).where(col(UsedAssertion.until) < now))
    connection = session.connection()
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(UsedAssertion).values(id=digest, until=until).on_conflict_do_nothing()
    return connection.execute(row.returning(col(UsedAssertion.id))).first() is not None
