"""SQL of signing on."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.organisations.models import EndedSignOn, OneTimeCode, SigningKeyRow, UsedAssertion


def signing_keys(session: Session) -> list[SigningKeyRow]:
    """All signing keys, the first that signs first."""
    return list(session.exec(select(SigningKeyRow).order_by(col(SigningKeyRow.signs_from))))


def add(session: Session, row: SigningKeyRow | OneTimeCode | EndedSignOn) -> None:
    """Store something new."""
    session.add(row)
    session.flush()


def find_code(session: Session, digest: str) -> OneTimeCode | None:
    """A code by its digest, held until the transaction ends: nobody else takes it meanwhile."""
    return session.get(OneTimeCode, digest, with_for_update=True)


def drop_codes(session: Session, person_id: str, now: datetime) -> None:
    """Forget the unused codes of somebody, and everybody's that ended a day ago."""
    session.exec(
        delete(OneTimeCode).where(
            col(OneTimeCode.person_id) == person_id, col(OneTimeCode.used_at).is_(None)
        )
    )
    session.exec(delete(OneTimeCode).where(col(OneTimeCode.keep_until) < now))


def find_assertion(session: Session, digest: str) -> UsedAssertion | None:
    """An assertion that was taken."""
    return session.get(UsedAssertion, digest)


def take_assertion(session: Session, digest: str, until: datetime, now: datetime) -> None:
    """Take an assertion; those that have ended are forgotten. Raises `IntegrityError` for one that
    somebody takes at the same instant.
    """
    session.exec(delete(UsedAssertion).where(col(UsedAssertion.until) < now))
    session.add(UsedAssertion(id=digest, until=until))
    session.flush()


def end_sign_on(session: Session, row: EndedSignOn, now: datetime) -> None:
    """What ended, in place of an earlier end of the same; what nobody can use any more is
    forgotten.
    """
    session.exec(delete(EndedSignOn).where(col(EndedSignOn.until) < now))
    session.merge(row)
    session.flush()


def ended_sign_ons(session: Session) -> list[EndedSignOn]:
    """All that ended and could still be used."""
    return list(session.exec(select(EndedSignOn)))
