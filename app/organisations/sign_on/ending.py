"""How a sign-on ends before its token does: somebody signs out, the identity provider says so, an
administrator ends all of somebody's, a one-time code is shown twice.
"""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from app.audit.events import Event, EventName
from app.audit.service import Trail, act_of
from app.organisations import repository
from app.organisations.desk import PeopleDesk
from app.organisations.ended import ANY_ISSUER, Kind, end
from app.organisations.errors import PersonWithoutSignOn
from app.organisations.people import own_person, read_person
from app.organisations.schemas import PersonRead
from app.organisations.sign_on.tokens import OwnIssuer
from auth.oidc import Logout
from auth.principal import Principal
from auth.tokens import Issuer

_FORGIVEN = timedelta(minutes=1)


def end_own_session(session: Session, own: OwnIssuer, sid: str, now: datetime) -> None:
    """End a session that a token of the gateway's own began."""
    end(session, "session", own.url, sid, now, at=now, lasting=own.longest + _FORGIVEN)


def sign_out(
    session: Session, trail: Trail, own: OwnIssuer, principal: Principal, expires_at: float
) -> None:
    """End the caller's own session, whatever tokens it has; without one this token, and without a
    name of it all sign-ons by this issuer so far.
    """
    by, now = principal.sign_on, trail.clock.now()
    if by is None:
        return
    kind, ref, lasting = _of(principal), by.session or by.token or principal.subject, own.longest
    if kind == "token":
        lasting = datetime.fromtimestamp(expires_at, UTC) - now
    end(session, kind, by.issuer, ref, now, at=now, lasting=lasting + _FORGIVEN)
    trail.append(session, act_of(principal, EventName.SIGNED_OUT))


def _of(principal: Principal) -> Kind:
    by = principal.sign_on
    if by is not None and by.session:
        return "session"
    return "token" if by is not None and by.token else "subject"


def end_at_platform(
    session: Session, trail: Trail, own: OwnIssuer, issuer: Issuer, told: Logout
) -> None:
    """End what an identity platform says has ended there: a session, else all of a subject's up to
    when it said so. With both, also those of the subject whose tokens name no session.
    """
    now, lasting = trail.clock.now(), own.longest + _FORGIVEN
    at = min(now, datetime.fromtimestamp(told.issued_at, UTC))
    if told.session is not None:
        end(session, "session", issuer.iss, told.session, now, at=at, lasting=lasting)
    actor = ""
    if told.subject is not None:
        actor = f"{issuer.name}:{told.subject}" if issuer.name else told.subject
        kind: Kind = "subject" if told.session is None else "sessionless"
        end(session, kind, issuer.iss, actor, now, at=at, lasting=lasting)
    trail.append(session, Event(EventName.SIGNED_OUT, actor=actor, object_ref=issuer.iss))


def end_of_person(desk: PeopleDesk, own: OwnIssuer, person_id: str) -> PersonRead:
    """End all sign-ons of somebody else, by whichever issuer, and what he could sign on with that
    nobody has used: a phone was lost. He may sign on anew. Raises `PersonUnknown`, `OnOneself`,
    `PersonWithoutSignOn`.
    """
    person, _ = own_person(desk, person_id)
    if person.subject is None:
        raise PersonWithoutSignOn
    repository.drop_codes(desk.session, person_id)
    desk.record(EventName.SIGN_ONS_ENDED, person_id)
    lasting = own.longest + _FORGIVEN
    end(desk.session, "subject", ANY_ISSUER, person.subject, desk.now, at=desk.now, lasting=lasting)
    return read_person(desk.session, desk.principal, person_id)
