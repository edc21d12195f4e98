"""How a sign-on ends before its token does: somebody signs out, the identity provider says so, an
administrator ends all of somebody's, a one-time code is shown twice. Known to every process within
a second, and asked at every call.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from app.audit.events import Event, EventName
from app.audit.service import Trail, act_of
from app.core.snapshots import Snapshot, bump
from app.organisations.desk import PeopleDesk
from app.organisations.errors import PersonWithoutSignOn
from app.organisations.models import EndedSignOn
from app.organisations.people import own_person, read_person
from app.organisations.schemas import PersonRead
from app.organisations.sign_on import repository
from app.organisations.sign_on.tokens import OwnIssuer
from auth.oidc import Logout
from auth.principal import Principal
from auth.tokens import Issuer

SNAPSHOT_NAME = "ended_sign_ons"
ANY_ISSUER = ""


class Ended(NamedTuple):
    """Sessions that have ended, and up to when sign-ons of a subject have: by issuer."""

    sessions: frozenset[tuple[str, str]] = frozenset()
    subjects: Mapping[tuple[str, str], float] = {}

    def holds(self, principal: Principal) -> bool:
        """Whether a caller signed on by what has ended."""
        by = principal.sign_on
        if by is None or not (self.sessions or self.subjects):
            return False
        if (by.issuer, by.session) in self.sessions:
            return True
        return any(
            by.at <= self.subjects.get((issuer, principal.subject), 0.0)
            for issuer in (by.issuer, ANY_ISSUER)
        )


def new_snapshot() -> Snapshot[Ended]:
    """An empty snapshot of what has ended, to be refreshed."""

    def load(session: Session) -> Ended:
        rows = repository.ended_sign_ons(session)
        return Ended(
            frozenset((row.issuer, row.ref) for row in rows if row.kind == "session"),
            {
                (row.issuer, row.ref): row.ended_at.timestamp()
                for row in rows
                if row.kind == "subject"
            },
        )

    return Snapshot(SNAPSHOT_NAME, load, Ended())


def end_session(session: Session, trail: Trail, own: OwnIssuer, ref: str, issuer: str = "") -> None:
    """End one session of an issuer, of the gateway's own if none is named."""
    _end(session, own, "session", issuer or own.url, ref, trail.clock.now())


def end_subject(session: Session, trail: Trail, own: OwnIssuer, issuer: str, subject: str) -> None:
    """End all sign-ons of a subject by an issuer, or by any, up to now."""
    _end(session, own, "subject", issuer, subject, trail.clock.now())


def sign_out(session: Session, trail: Trail, own: OwnIssuer, principal: Principal) -> None:
    """End the caller's own session; without one, all sign-ons by tokens of this issuer so far."""
    by = principal.sign_on
    if by is None:
        return
    if by.session:
        end_session(session, trail, own, by.session, by.issuer)
    else:
        end_subject(session, trail, own, by.issuer, principal.subject)
    trail.append(session, act_of(principal, EventName.SIGNED_OUT))


def end_at_platform(
    session: Session, trail: Trail, own: OwnIssuer, issuer: Issuer, told: Logout
) -> None:
    """End what an identity platform says has ended there: a session, or all of a subject's up to
    now.
    """
    if told.session is not None:
        end_session(session, trail, own, told.session, issuer.iss)
    subject = f"{issuer.name}:{told.subject}" if issuer.name else told.subject or ""
    if told.session is None:
        end_subject(session, trail, own, issuer.iss, subject)
    event = Event(EventName.SIGNED_OUT, actor=subject, object_ref=issuer.iss)
    trail.append(session, event)


def end_of_person(desk: PeopleDesk, own: OwnIssuer, person_id: str) -> PersonRead:
    """End all sign-ons of somebody else, by whichever issuer: a phone was lost. He may sign on
    anew. Raises `PersonUnknown`, `OnOneself`, `PersonWithoutSignOn`.
    """
    person, _ = own_person(desk, person_id)
    if person.subject is None:
        raise PersonWithoutSignOn
    end_subject(desk.session, desk.trail, own, ANY_ISSUER, person.subject)
    desk.record(EventName.SIGN_ONS_ENDED, person_id)
    return read_person(desk.session, desk.principal, person_id)


def _end(session: Session, own: OwnIssuer, kind: str, issuer: str, ref: str, now: datetime) -> None:
    row = EndedSignOn(
        id=hashlib.sha256(f"{kind}\n{issuer}\n{ref}".encode()).hexdigest(),
        kind=kind,
        issuer=issuer,
        ref=ref,
        ended_at=now,
        until=now + own.longest,
    )
    repository.end_sign_on(session, row, now)
    bump(session, SNAPSHOT_NAME)
