"""Tell those concerned: in the inbox, and at systems that asked for it. Callers commit."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from app.core.ids import new_id, new_id_text
from app.delivery.notices import messages, repository
from app.delivery.notices.addressing import Addressee
from app.delivery.notices.kinds import KINDS
from app.delivery.notices.letters import event
from app.delivery.notices.models import Notice, WebhookMessage
from app.delivery.notices.schemas import NoticeRead, NoticeSubject, UnreadCount
from app.organisations.service import person_of
from auth.principal import Principal, prefix_of
from auth.scope import Scope

MOST_COUNTED = 1000
"""An inbox says that so many are unread, and not more."""


class Announcement(NamedTuple):
    """What a notice tells: its kind, and the thing it is about."""

    kind: str
    about_kind: str
    about_id: str


def notify(session: Session, now: datetime, told: Announcement, to: Iterable[Addressee]) -> None:
    """Add a notice for each addressee to this transaction. Raises KeyError for a kind without
    words.
    """
    KINDS[told.kind]
    rows = [
        Notice(
            id=str(new_id()),
            kind=told.kind,
            to_kind=addressee.kind,
            to_name=addressee.name,
            region=addressee.region,
            department=addressee.department,
            about_kind=told.about_kind,
            about_id=told.about_id,
            created_at=now,
        )
        for addressee in dict.fromkeys(to)
    ]
    repository.add(session, rows)
    _post(session, now, rows)


def _post(session: Session, now: datetime, rows: Sequence[Notice]) -> None:
    """What is for the holders of a role is for their systems, too: once for each system."""
    # A person's own notices reach no system: whoever answers for it is not known.
    for_roles = [row for row in rows if row.to_kind == "role"]
    if not for_roles:
        return
    for hook in repository.active_of_roles(session, sorted({row.to_name for row in for_roles})):
        scope = Scope(prefix_of(hook.region), hook.department)
        row = next(
            (
                row
                for row in for_roles
                if row.to_name == hook.role
                and row.kind in hook.kinds
                and scope.covers(row.region, row.department)
            ),
            None,
        )
        if row is not None:
            messages.add(
                session,
                WebhookMessage(
                    id=new_id_text(),
                    webhook_id=hook.id,
                    message=_event(row),
                    created_at=now,
                    next_at=now,
                ),
            )


def _event(row: Notice) -> dict[str, Any]:
    subject = f"{row.about_kind}/{row.about_id}"
    return event(
        row.id, row.kind, subject, row.created_at, _read(row, None).model_dump(mode="json")
    )


def list_notices(
    session: Session, principal: Principal, *, unread: bool, before: str, limit: int
) -> list[NoticeRead]:
    """A caller's notices before an id, newest first."""
    rows = repository.page(
        session, _reader(session, principal), unread=unread, before=before, limit=limit
    )
    return [_read(row, read_at) for row, read_at in rows]


def count_unread(session: Session, principal: Principal) -> UnreadCount:
    """How many a caller has not read."""
    return UnreadCount(
        unread=repository.count_unread(session, _reader(session, principal), MOST_COUNTED)
    )


def mark(
    session: Session, principal: Principal, ids: Sequence[str], now: datetime, *, read: bool
) -> None:
    """Mark notices of the caller's as read or not; ids that are none of his change nothing."""
    wanted = sorted(repository.own(session, _reader(session, principal), ids))
    if read:
        repository.mark(session, principal.subject, wanted, now)
    else:
        repository.unmark(session, principal.subject, wanted)
    session.flush()


def _reader(session: Session, principal: Principal) -> repository.InboxOwner:
    return repository.InboxOwner(principal, person_of(session, principal))


def _read(row: Notice, read_at: datetime | None) -> NoticeRead:
    words = KINDS[row.kind]
    return NoticeRead(
        id=row.id,
        kind=row.kind,
        text=words.words,
        what_now=words.what_now,
        about=NoticeSubject(kind=row.about_kind, id=row.about_id),
        region=row.region or None,
        department=row.department or None,
        created_at=row.created_at,
        read_at=read_at,
    )
