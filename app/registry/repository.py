"""SQL of adapters."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import delete
from sqlmodel import Session, col, select

from adapters.contract import Manifest
from app.core.scoping import within
from app.registry.models import (
    Adapter,
    AdapterCredentials,
    AdapterMinute,
    AdapterMove,
    AdapterVersion,
)
from app.registry.offices import EVERYWHERE
from auth.scope import Scope


def find(session: Session, adapter_id: str, *, lock: bool = False) -> Adapter | None:
    """An adapter; `lock` holds its row until the transaction ends (where the engine knows rows)."""
    return session.get(Adapter, adapter_id, with_for_update=lock or None)


def add(session: Session, row: Adapter | AdapterVersion | AdapterMove) -> None:
    """Store something new; what refers to it can follow in the same transaction."""
    session.add(row)
    session.flush()


def put_credentials(session: Session, row: AdapterCredentials) -> None:
    """Create or replace the sealed credentials of a version."""
    session.merge(row)


def drop_credentials(session: Session, adapter_id: str) -> None:
    """Forget the sealed credentials of every version."""
    rows = session.exec(
        select(AdapterCredentials).where(AdapterCredentials.adapter_id == adapter_id)
    )
    for row in rows:
        session.delete(row)


def list_adapters(session: Session, scope: Scope) -> list[tuple[Adapter, AdapterVersion, bool]]:
    """Adapters of a scope by id: each with its newest version, and whether that has credentials.
    One question, however many there are.
    """
    has_credentials = (
        select(AdapterCredentials.adapter_id)
        .where(
            AdapterCredentials.adapter_id == Adapter.id,
            AdapterCredentials.version == Adapter.version,
        )
        .exists()
    )
    query = (
        select(Adapter, AdapterVersion, has_credentials)
        .join(
            AdapterVersion,
            (col(AdapterVersion.adapter_id) == Adapter.id)
            & (col(AdapterVersion.version) == Adapter.version),
        )
        .where(*within(scope, Adapter.region, Adapter.department))
        .order_by(col(Adapter.id))
    )
    return [(adapter, version, bool(has)) for adapter, version, has in session.exec(query)]


def version(session: Session, adapter_id: str, number: int) -> AdapterVersion:
    """A version that is known to exist."""
    return session.exec(
        select(AdapterVersion).where(
            AdapterVersion.adapter_id == adapter_id, AdapterVersion.version == number
        )
    ).one()


def credentials(session: Session, adapter_id: str, number: int) -> AdapterCredentials | None:
    """The sealed credentials of a version."""
    return session.get(AdapterCredentials, (adapter_id, number))


def all_credentials(session: Session) -> list[AdapterCredentials]:
    """All sealed credentials; their rows are held until the commit."""
    order = (col(AdapterCredentials.adapter_id), col(AdapterCredentials.version))
    return list(session.exec(select(AdapterCredentials).order_by(*order).with_for_update()))


def published(session: Session) -> list[Adapter]:
    """What is published, suspended or not, the oldest first."""
    query = (
        select(Adapter)
        .where(col(Adapter.published_version).is_not(None))
        .order_by(col(Adapter.created_at), col(Adapter.id))
    )
    return list(session.exec(query))


def section_holder(session: Session, manifest: Manifest) -> str | None:
    """Another adapter that is published for the same section, region and axis."""
    regions = {manifest.region, ""} if manifest.region == EVERYWHERE else {manifest.region}
    query = select(Adapter.id).where(
        Adapter.section == manifest.section,
        col(Adapter.region).in_(regions),
        Adapter.axis == manifest.axis,
        Adapter.id != manifest.adapter_id,
        col(Adapter.published_version).is_not(None),
    )
    return session.exec(query).first()


def moves(session: Session, adapter_id: str, limit: int) -> list[AdapterMove]:
    """What was done with an adapter, the newest first."""
    query = select(AdapterMove).where(AdapterMove.adapter_id == adapter_id)
    order = (col(AdapterMove.at).desc(), col(AdapterMove.id).desc())
    return list(session.exec(query.order_by(*order).limit(limit)))


def forget_minutes(session: Session, process: str, before: int) -> None:
    """Forget what a process kept before a minute, and what others did a week before it: a clock
    that runs ahead takes nobody else's day away.
    """
    minute = col(AdapterMinute.minute)
    own = (col(AdapterMinute.process) == process) & (minute < before)
    session.exec(delete(AdapterMinute).where(own | (minute < before - _WEEK)))


_WEEK = 7 * 24 * 60


def add_minutes(session: Session, rows: Iterable[AdapterMinute]) -> None:
    """Keep minutes of a process; what it has kept of one (its clock went back) is added to."""
    for row in rows:
        kept = session.get(AdapterMinute, (row.adapter_id, row.minute, row.process))
        if kept is None:
            session.add(AdapterMinute(**row.model_dump()))
        else:
            kept.outcomes = dict(Counter(kept.outcomes) + Counter(row.outcomes))
            kept.latencies = dict(Counter(kept.latencies) + Counter(row.latencies))
        session.flush()


def minutes(session: Session, adapter_id: str, since: int) -> list[AdapterMinute]:
    """Minutes of every process, the oldest first."""
    query = select(AdapterMinute).where(
        AdapterMinute.adapter_id == adapter_id, col(AdapterMinute.minute) >= since
    )
    return list(session.exec(query.order_by(col(AdapterMinute.minute))))
