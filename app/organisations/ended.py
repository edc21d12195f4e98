"""What sign-ons have ended before their tokens do, as everybody who lets callers in asks it, and
how one is ended. Known to every process within a second.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlmodel import Session

from app.core.snapshots import Snapshot, bump
from app.organisations import repository
from app.organisations.models import EndedSignOn
from auth.principal import Principal

SNAPSHOT_NAME = "ended_sign_ons"
ANY_ISSUER = ""
Kind = Literal["session", "token", "subject", "sessionless"]
"""A session of an issuer; one token; all sign-ons of a subject up to a time; those of them that
name no session.
"""
LONGEST = timedelta(days=366)
"""How long an end is kept where nobody knows how long a token lives."""
_LONGEST_REF = 200


class End(NamedTuple):
    """Up to when sign-ons have ended, and how long that counts: seconds since 1970."""

    at: float
    until: float


@dataclass(frozen=True, slots=True)
class Ended:
    """All that has ended, by kind, issuer and what it is."""

    ends: Mapping[tuple[str, str, str], End]

    def holds(self, principal: Principal) -> bool:
        """Whether a caller signed on by what has ended."""
        by = principal.sign_on
        if by is None or not self.ends:
            return False
        if by.session and ("session", by.issuer, ref_of(by.session)) in self.ends:
            return True
        if by.token and ("token", by.issuer, ref_of(by.token)) in self.ends:
            return True
        subject = ref_of(principal.subject)
        asked = [("subject", by.issuer, subject), ("subject", ANY_ISSUER, subject)]
        if not by.session:
            asked.append(("sessionless", by.issuer, subject))
        return any(key in self.ends and by.at <= self.ends[key].at for key in asked)


NOTHING_ENDED = Ended({})


def ref_of(text: str) -> str:
    """What a session, token or subject is kept by: itself, unless an issuer made it very long."""
    if len(text) <= _LONGEST_REF:
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def new_snapshot() -> Snapshot[Ended]:
    """An empty snapshot of what has ended, to be refreshed: by what ended since."""

    def read(session: Session, after: int) -> dict[tuple[str, str, str], End]:
        return {
            (kind, issuer, ref): End(at.timestamp(), until.timestamp())
            for kind, issuer, ref, at, until in repository.ended_sign_ons(session, after)
        }

    def load(session: Session) -> Ended:
        return Ended(read(session, -1))

    def update(session: Session, known: Ended, number: int) -> Ended:
        now = time.time()
        kept = {key: end for key, end in known.ends.items() if end.until > now}
        return Ended(kept | read(session, number))

    return Snapshot(SNAPSHOT_NAME, load, NOTHING_ENDED, update)


def end(
    session: Session, kind: Kind, issuer: str, ref: str, now: datetime, *, at: datetime,
    lasting: timedelta = LONGEST,
) -> None:  # fmt: skip
    """End sign-ons by an issuer (or by any), of a subject those up to `at`; kept as long as a token
    of them could live.
    """
    changed, kept = bump(session, SNAPSHOT_NAME), ref_of(ref)
    identity = hashlib.sha256(f"{kind}\n{issuer}\n{kept}".encode()).hexdigest()
    repository.forget_ended_before(session, now)
    row = repository.find_ended(session, identity)
    if row is None:
        row = EndedSignOn(
            id=identity, kind=kind, issuer=issuer, ref=kept, ended_at=at, until=now + lasting
        )
    row.ended_at, row.until = max(row.ended_at, at), max(row.until, now + lasting)
    row.changed = changed
    repository.add(session, row)
