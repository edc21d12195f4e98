"""Who is told of what happens to an agreement: those who sign for its parties."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.agreements import repository
from app.agreements.lifecycle import Act, AgreementState, Party
from app.agreements.models import AgreementVersion
from app.agreements.parties import PLACES_OF, SIGNERS
from app.core.schedule import Span
from app.delivery.notices.addressing import Addressee, holders
from app.delivery.notices.service import Announcement, notify

BEFORE = (timedelta(days=30), timedelta(days=7), timedelta(days=1))
"""How long before the last day the parties are reminded."""


def tell(session: Session, now: datetime, row: AgreementVersion, act: Act) -> None:
    """Tell the parties that somebody acted, where they have something to do or to know."""
    kind = _kind(row, act)
    if kind is not None:
        notify(
            session,
            now,
            Announcement(kind, "agreement", f"{row.id}@{row.version}"),
            addressees(row),
        )


def remind_of_ends(session: Session, now: datetime, span: Span) -> dict[str, Any]:
    """Tell the parties of agreements whose last day comes in so many days; how many that was."""
    found = 0
    for row in repository.ending(session, span.since, span.until + BEFORE[0]):
        last = row.valid_to
        if last is not None and any(span.holds(last - days) for days in BEFORE):
            told = Announcement("agreement.ends_soon", "agreement", f"{row.id}@{row.version}")
            notify(session, now, told, addressees(row))
            found += 1
    return {"agreements": found}


def addressees(row: AgreementVersion) -> list[Addressee]:
    """Everybody who may sign for a party."""
    return [
        holders(role, *PLACES_OF[party](row))
        for party in PLACES_OF
        if party is not Party.APPLICATION or row.application
        for role in sorted(SIGNERS[party])
    ]


def _kind(row: AgreementVersion, act: Act) -> str | None:
    if act is Act.SUBMIT:
        return "agreement.signature_wanted"
    if act is Act.SUSPEND:
        return "agreement.suspended"
    in_force = row.state == AgreementState.ACTIVE and act in {Act.SIGN, Act.RESUME}
    return "agreement.in_force" if in_force else None
