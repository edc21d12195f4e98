"""SQL of adapters."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from adapters.contract import Manifest
from app.core.db import Database
from app.registry.models import Adapter, AdapterCredentials, AdapterVersion, Examination
from app.registry.offices import EVERYWHERE

_WAITS = (
    # not "other than done": there is an index
    "select 1 from examinations where state in ('pending', 'running') "
    ""
    "and (lease_until is null or lease_until < ?) limit 1"
)


def find(session: Session, adapter_id: str, *, lock: bool = False) -> Adapter | None:
    """An adapter; `lock` holds its row until the transaction ends (where the engine knows rows)."""
    return session.get(Adapter, adapter_id, with_for_update=lock or None)


def add(session: Session, row: Adapter | AdapterVersion | Examination) -> None:
    """Store something new; what refers to it can follow in the same transaction."""
    session.add(row)
    session.flush()


def put_credentials(session: Session, row: AdapterCredentials) -> None:
    """Create or replace the sealed credentials of a version."""
    session.merge(row)


def list_adapters(session: Session, department: str | None) -> list[Adapter]:
    """Adapters by id, of one department or of all."""
    query = select(Adapter).order_by(col(Adapter.id))
    if department is not None:
        query = query.where(Adapter.department == department)
    return list(session.exec(query))


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


def live(session: Session) -> list[Adapter]:
    """What may be called: published and not suspended, the oldest first."""
    query = (
        select(Adapter)
        .where(col(Adapter.published_version).is_not(None), col(Adapter.suspended).is_(False))
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


def find_examination(session: Session, examination_id: str) -> Examination | None:
    """An examination by id."""
    return session.get(Examination, examination_id)


def latest_full_examination(session: Session, adapter_id: str, number: int) -> Examination | None:
    """The newest finished run of the whole suite on a version."""
    query = (
        select(Examination)
        .where(Examination.adapter_id == adapter_id, Examination.version == number)
        .where(Examination.state == "done", col(Examination.only_case).is_(None))
        .order_by(col(Examination.id).desc())
    )
    return session.exec(query).first()


def examination_waits(database: Database, now: datetime) -> bool:
    """Whether an examination is free to be taken; costs no writer's place, and hardly anything
    else.
    """
    return bool(database.peek(_WAITS, now))


def claim_examination(session: Session, now: datetime, until: datetime) -> Examination | None:
    """Take the oldest examination that nobody works on; a dead process's lease runs out."""
    free = col(Examination.lease_until).is_(None) | (col(Examination.lease_until) < now)
    query = (
        select(Examination)
        .where(Examination.state != "done", free)
        .order_by(col(Examination.id))
        .limit(1)
    )
    row = session.exec(query).first()
    if row is None:
        return None
    statement = (
        update(Examination)
        .where(col(Examination.id) == row.id, free)
        .values(lease_until=until, state="running")
        .execution_options(synchronize_session=False)
    )
    return row if session.connection().execute(statement).rowcount else None
