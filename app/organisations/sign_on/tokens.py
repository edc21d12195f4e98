"""Tokens of the gateway's own: for whoever showed a one-time code, or signed an assertion."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.ids import new_id_text
from app.core.keys import Keyring
from app.organisations import repository
from app.organisations.sign_on.keys import signing_key
from auth.issuer import sign
from auth.principal import Role


@dataclass(frozen=True, slots=True)
class OwnIssuer:
    """What own tokens say of the deployment."""

    keyring: Keyring
    url: str
    audience: str
    longest: timedelta

    @property
    def is_open(self) -> bool:
        """Whether the gateway gives tokens of its own."""
        return bool(self.url)

    def link(self, code: str, *, on_phone: bool) -> str:
        """The address of the page that takes a code, behind `#`: no server sees it. Officers work
        on the phone's, everybody else in the console.
        """
        page = "m/" if on_phone else "console"
        return f"{self.url}/{page}#/sign-on/{code}"

    @property
    def addresses(self) -> tuple[str, str]:
        """For whom an assertion may be: the issuer, or the address that takes it."""
        return self.url, f"{self.url}/v1/token"


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was given, and its session."""

    token: str
    session: str
    expires_at: datetime


def told_of(placed: repository.Placed, event: EventName) -> Event:
    """An event about somebody's signing on, of his own unit and region."""
    person, unit = placed
    return Event(
        event,
        actor=person.subject or "",
        object_ref=person.id,
        unit=unit.department,
        region=unit.region,
    )


def issue(
    session: Session, trail: Trail, own: OwnIssuer, placed: repository.Placed, life: timedelta
) -> Issued:
    """A token for somebody, and its entry. It names every role of his that has not ended, also of
    other hours: the directory says at each call which of them he has then.
    """
    (person, unit), now = placed, trail.clock.now()
    roles = repository.roles_of(session, [person.id]).get(person.id, [])
    held = {Role(r.role) for r in roles if r.valid_to is None or r.valid_to > now}
    key = signing_key(session, own.keyring, now)
    expires_at, sid = now + min(life, own.longest), new_id_text()
    claims: dict[str, Any] = {
        "iss": own.url,
        "aud": own.audience,
        "sub": person.subject,
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": sid,
        "sid": sid,
        "roles": sorted(held),
        "department": unit.department or None,
        "region": unit.region,
        "certificate_no": person.certificate_no,
    }
    trail.append(session, told_of(placed, EventName.SIGNED_ON))
    return Issued(sign(key.kid, key.private, claims), sid, expires_at)
