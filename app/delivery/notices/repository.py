"""SQL of notices."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, or_, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.core.scoping import within
from app.delivery.notices.addressing import names_of
from app.delivery.notices.kinds import KINDS
from app.delivery.notices.models import Notice, NoticeReading, Webhook
from auth.principal import Principal
from auth.scope import scope_of


class InboxOwner(NamedTuple):
    """A caller, and which person of the directory he is."""

    principal: Principal
    person_id: str | None


def add(session: Session, rows: Sequence[Notice]) -> None:
    """Add notices to this transaction."""
    session.add_all(rows)


def page(
    session: Session, reader: InboxOwner, *, unread: bool, before: str, limit: int
) -> list[tuple[Notice, datetime | None]]:
    """A caller's notices before an id (all where it is empty), newest first, and when he read
    each.
    """
    query = (
        select(Notice, NoticeReading.read_at)
        .join(NoticeReading, _own_reading(reader.principal), isouter=True)
        .where(_for(reader))
    )
    if unread:
        query = query.where(col(NoticeReading.read_at).is_(None))
    if before:
        query = query.where(col(Notice.id) < before)
    return list(session.exec(query.order_by(col(Notice.id).desc()).limit(limit)).all())


def count_unread(session: Session, reader: InboxOwner, most: int) -> int:
    """How many a caller has not read; `most` and not more."""
    unread = (
        select(Notice.id)
        .join(NoticeReading, _own_reading(reader.principal), isouter=True)
        .where(_for(reader), col(NoticeReading.read_at).is_(None))
        .limit(most)
    )
    return session.exec(select(func.count()).select_from(unread.subquery())).one()


def own(session: Session, reader: InboxOwner, ids: Sequence[str]) -> set[str]:
    """Those of some ids that are notices for a caller."""
    query = select(Notice.id).where(col(Notice.id).in_(ids), _for(reader))
    return set(session.exec(query))


def mark(session: Session, subject: str, ids: Sequence[str], now: datetime) -> None:
    """Notices as read by somebody; what he has read before stays as it is."""
    if ids:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        rows = [{"notice_id": i, "subject": subject, "read_at": now} for i in ids]
        insert = dialect.insert(NoticeReading).values(rows).on_conflict_do_nothing()
        session.connection().execute(insert)


def unmark(session: Session, subject: str, ids: Sequence[str]) -> None:
    """Notices as not read by somebody."""
    session.connection().execute(
        delete(NoticeReading).where(
            col(NoticeReading.subject) == subject, col(NoticeReading.notice_id).in_(ids)
        )
    )


def prune(session: Session, before: datetime, most: int) -> int:
    """Forget notices of before a moment, `most` at once; how many."""
    ids = list(session.exec(select(Notice.id).where(Notice.created_at < before).limit(most)))
    connection = session.connection()
    connection.execute(delete(NoticeReading).where(col(NoticeReading.notice_id).in_(ids)))
    return connection.execute(delete(Notice).where(col(Notice.id).in_(ids))).rowcount


def _own_reading(principal: Principal) -> ColumnElement[bool]:
    return and_(
        col(NoticeReading.notice_id) == col(Notice.id),
        col(NoticeReading.subject) == principal.subject,
    )


def _for(reader: InboxOwner) -> ColumnElement[bool]:
    """That a notice is for a caller: by name, or by a role within his scope."""
    principal = reader.principal
    inside = and_(true(), *within(scope_of(principal), Notice.region, Notice.department))
    # Of a kind that this release does not know nothing can be said.
    known = col(Notice.kind).in_(KINDS)
    return known & or_(
        *(
            and_(
                col(Notice.to_kind) == kind,
                col(Notice.to_name) == name,
                inside if kind == "role" else true(),
            )
            for kind, name in names_of(principal, reader.person_id)
        )
    )


def active_of_roles(session: Session, roles: Sequence[str]) -> list[Webhook]:
    """Webhooks that are active and receive the notices of some roles."""
    query = select(Webhook).where(Webhook.state == "active", col(Webhook.role).in_(roles))
    return list(session.exec(query.order_by(col(Webhook.id))))


def webhooks(
    session: Session,
    region: str,
    department: str | None,
    roles: Sequence[str],
    *,
    webhook_id: str | None = None,
    lock: bool = False,
) -> list[Webhook]:
    """Webhooks of some roles of exactly this region and department, or one of them; `lock` holds
    them until the transaction ends.
    """
    query = select(Webhook).where(
        Webhook.region == region, Webhook.department == department, col(Webhook.role).in_(roles)
    )
    if webhook_id is not None:
        query = query.where(Webhook.id == webhook_id)
    if lock:
        query = query.with_for_update()
    return list(session.exec(query.order_by(col(Webhook.created_at), col(Webhook.id))))


def webhook(session: Session, webhook_id: str, *, lock: bool = False) -> Webhook | None:
    """A webhook by id; `lock` holds its row until the transaction ends."""
    return session.get(Webhook, webhook_id, with_for_update=lock or None)


def add_webhook(session: Session, row: Webhook) -> None:
    """Store a webhook."""
    session.add(row)
    session.flush()


def drop_webhook(session: Session, row: Webhook) -> None:
    """Forget a webhook."""
    session.delete(row)
    session.flush()


def every_webhook(session: Session) -> list[Webhook]:
    """All of them, by id, held until the transaction ends."""
    query = select(Webhook).order_by(col(Webhook.id))
    return list(session.exec(query.with_for_update()))
