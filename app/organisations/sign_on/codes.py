"""One-time codes: five minutes, once, for one person, from whoever may give him all of his roles.

Only a digest is kept: nobody reads a code back. Whoever shows one a second time ends the session
that it opened, for one of the two is not who he should be (RFC 6749, 4.1.2).
"""

import hashlib
import secrets
from datetime import datetime

from sqlmodel import Session

from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.organisations import repository as people
from app.organisations.desk import PeopleDesk
from app.organisations.errors import PersonWithoutSignOn, RoleNotYours
from app.organisations.models import OneTimeCode, Person, PersonRole
from app.organisations.people import own_person
from app.organisations.roles import KINDS
from app.organisations.sign_on import ending, repository
from app.organisations.sign_on.limits import lasting
from app.organisations.sign_on.schemas import OneTimeCodeRead
from app.organisations.sign_on.tokens import Issued, OwnIssuer, issue, told_of
from auth.principal import Role

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: none that is taken for another."""
_CHARACTERS, _GROUP = 16, 4
_OPERATOR = "operator"
_MEANT = str.maketrans("OIL", "011", " -\t\r\n")


def give_code(desk: PeopleDesk, own: OwnIssuer, person_id: str) -> OneTimeCodeRead:
    """A new code for somebody else, and when it ends; those before it that were not used are no
    more. Raises `PersonUnknown`, `OnOneself`, `PersonWithoutSignOn`, and `RoleNotYours` where he
    has a role that the caller could not give him: whoever holds the code can act as him.
    """
    person, unit = own_person(desk, person_id)
    if not own.is_open or not may_sign_on((person, unit)):
        raise PersonWithoutSignOn
    require_all_given(desk, person)
    desk.record(EventName.CODE_GIVEN, person.id)
    return _given(desk.session, own, person.id, desk.principal.subject, desk.now)


def give_first_code(
    session: Session, trail: Trail, own: OwnIssuer, person_id: str
) -> OneTimeCodeRead:
    """A code for somebody who was appointed at the machine, from the operator."""
    trail.append(session, Event(EventName.CODE_GIVEN, actor=_OPERATOR, object_ref=person_id))
    return _given(session, own, person_id, _OPERATOR, trail.clock.now())


def _given(
    session: Session, own: OwnIssuer, person_id: str, by: str, now: datetime
) -> OneTimeCodeRead:
    """A new code, kept as its digest until whatever it opened has ended, so that a second showing
    is known.
    """
    people.drop_codes(session, person_id)
    repository.forget_codes(session, now)
    code, expires_at = new_code(), now + lasting("one_time_code_minutes", now)
    row = OneTimeCode(
        id=_digest(code),
        person_id=person_id,
        expires_at=expires_at,
        keep_until=expires_at + lasting("person_token_minutes", now),
        made_by=by,
        made_at=now,
    )
    repository.add(session, row)
    roles = people.roles_of(session, [person_id]).get(person_id, [])
    on_phone = any(row.role in _ON_PHONES for row in roles if _goes_on(row, now))
    return OneTimeCodeRead(code=code, link=own.link(code, on_phone=on_phone), expires_at=expires_at)


_ON_PHONES = {Role.INSPECTOR, Role.PATROLLER}


def _goes_on(row: PersonRole, now: datetime) -> bool:
    """Whether a role has not ended."""
    return row.valid_to is None or row.valid_to > now


def require_all_given(desk: PeopleDesk, person: Person) -> None:
    """Raises `RoleNotYours` unless the caller may let somebody sign on with every role he has or
    will have: nobody gets by it what excludes his own (三员分立).
    """
    roles = people.roles_of(desk.session, [person.id]).get(person.id, [])
    held = {Role(r.role) for r in roles if _goes_on(r, desk.now)}
    if any(KINDS[role].enrolled_by.isdisjoint(desk.principal.roles) for role in held):
        raise RoleNotYours("He has a role with which you may not let anybody sign on.")


def new_code() -> str:
    """Sixteen characters in groups of four: 80 bits."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(_CHARACTERS))
    return "-".join(drawn[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP))


def redeem(session: Session, trail: Trail, own: OwnIssuer, code: str) -> Issued | None:
    """A token for a code; None for one that is unknown, used, late, or of somebody who may not sign
    on. What a second use ends, the caller's transaction must keep.
    """
    now = trail.clock.now()
    seen = repository.find_code(session, _digest(code))
    if seen is None:
        return None
    placed = people.find_person(session, seen.person_id, lock=True)  # first, as whoever gives one
    row = repository.find_code(session, _digest(code), lock=True)
    if row is None or placed is None:
        return None
    if row.used_at is not None:
        trail.append(session, told_of(placed, EventName.CODE_USED_AGAIN))
        if row.session:
            ending.end_own_session(session, own, row.session, now)
        return None
    if now >= row.expires_at or not may_sign_on(placed):
        return None
    issued = issue(session, trail, own, placed, lasting("person_token_minutes", now))
    row.used_at, row.session = now, issued.session
    return issued


def may_sign_on(placed: people.Placed) -> bool:
    """Whether somebody is there, active, and of an active unit."""
    person, unit = placed
    return person.subject is not None and (person.state, unit.state) == ("active", "active")


def _digest(code: str) -> str:
    meant = code.upper().translate(_MEANT)
    return hashlib.sha256(f"one-time code {meant}".encode()).hexdigest()
