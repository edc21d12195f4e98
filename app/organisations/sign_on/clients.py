"""Machine clients: a person of the directory with public keys, who signs an assertion for each
token (private_key_jwt, RFC 7523).
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail
from app.organisations import repository as people
from app.organisations.desk import PeopleDesk
from app.organisations.errors import KeysUnusable, PersonWithoutSignOn
from app.organisations.people import own_person, read_person
from app.organisations.sign_on import repository
from app.organisations.sign_on.codes import may_sign_on, require_all_given
from app.organisations.sign_on.limits import lasting
from app.organisations.sign_on.schemas import ClientKeysRead
from app.organisations.sign_on.tokens import Issued, OwnIssuer, issue
from auth.errors import Unauthenticated
from auth.keys import read_jwks
from auth.oidc import client_of, verify_assertion

_KEPT_LONGER = 60.0
"""Seconds: longer than any clock is forgiven."""


def admit(session: Session, trail: Trail, own: OwnIssuer, assertion: str) -> Issued:
    """A token for a client that signed an assertion, once. Raises `Unauthenticated`."""
    now = trail.clock.now()
    placed = people.find_subject(session, client_of(assertion))
    keys = {}
    if placed is not None and placed[0].public_key is not None and may_sign_on(placed):
        keys = read_jwks(placed[0].public_key)
    shown = verify_assertion(assertion, keys, own.addresses)
    assert placed is not None  # noqa: S101 - without keys nothing verifies
    digest = hashlib.sha256(f"{shown.client}\n{shown.id}".encode()).hexdigest()
    until = datetime.fromtimestamp(shown.expires_at + _KEPT_LONGER, UTC)
    if not repository.take_assertion(session, digest, until, now):
        raise Unauthenticated("auth.assertion_invalid", "The assertion was used before.")
    return issue(session, trail, own, placed, lasting("client_token_minutes", now))


def change_keys(desk: PeopleDesk, person_id: str, keys: list[dict[str, Any]]) -> ClientKeysRead:
    """Set the keys of a machine client; several, so that one can follow the other without a break.
    Raises `KeysUnusable`, and as `codes.give_code`: whoever holds a key can act as the client.
    """
    person, _ = own_person(desk, person_id)
    if person.subject is None:
        raise PersonWithoutSignOn
    require_all_given(desk, person)
    try:
        kids = {kid for kid, _ in read_jwks({"keys": keys})}
    except ValueError as error:
        raise KeysUnusable(str(error), pointer="/body/keys") from error
    if len(kids) != len(keys):
        raise KeysUnusable(pointer="/body/keys")
    person.public_key = {"keys": keys} if keys else None
    desk.record(EventName.CLIENT_KEYS_CHANGED, person_id, filter=",".join(sorted(kids)))
    told = read_person(desk.session, desk.principal, person_id)
    return ClientKeysRead(person=told, kids=sorted(kids))
