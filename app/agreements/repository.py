"""SQL of agreements."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, and_, column, func, or_, table, true, update
from sqlmodel import Session, col, select

from app.agreements.models import AgreementAct, AgreementVersion, QuotaWindow
from app.core.scoping import within
from auth.scope import Scope


def active(session: Session) -> list[AgreementVersion]:
    """Application agreements in state active."""
    query = select(AgreementVersion).where(
        AgreementVersion.state == "active", AgreementVersion.kind == "application"
    )
    return list(session.exec(query.order_by(col(AgreementVersion.id))))


def ending(session: Session, after: date, until: date) -> list[AgreementVersion]:
    """Those in state active whose last day lies after a day, up to another."""
    query = select(AgreementVersion).where(
        AgreementVersion.state == "active",
        col(AgreementVersion.valid_to) > after,
        col(AgreementVersion.valid_to) <= until,
    )
    return list(session.exec(query.order_by(col(AgreementVersion.id))))


def add(session: Session, row: AgreementVersion | AgreementAct) -> None:
    """Store something new."""
    session.add(row)
    session.flush()


def find(session: Session, agreement_id: str, version: int) -> AgreementVersion | None:
    """A version."""
    return session.get(AgreementVersion, (agreement_id, version))


def versions(session: Session, agreement_id: str, *, lock: bool = False) -> list[AgreementVersion]:
    """Every version of an agreement, the oldest first; `lock` holds their rows until the
    transaction ends: of two who act on one agreement, one sees what the other did.
    """
    query = select(AgreementVersion).where(AgreementVersion.id == agreement_id)
    query = query.order_by(col(AgreementVersion.version))
    return list(session.exec(query.with_for_update() if lock else query))


def tell_before(session: Session, row: AgreementVersion) -> None:
    """Releases of before, which may run beside this one, know the agreements that a deployment
    started from by a table of their own.
    """
    of_before = table("agreements", column("id"), column("version"), column("state"))
    same = (of_before.c.id == row.id) & (of_before.c.version == row.version)
    session.connection().execute(update(of_before).where(same).values(state=row.state))


def newest(session: Session, agreement_id: str) -> int:
    """The number of the newest version; 0 where there is none."""
    query = select(func.max(AgreementVersion.version)).where(AgreementVersion.id == agreement_id)
    return session.exec(query).one() or 0


def _concerns(scope: Scope) -> ColumnElement[bool]:
    """Those of which a party lies within a scope; a coordinator's has no department."""
    row = AgreementVersion
    sides = [
        within(scope, row.source_region, row.source),
        within(scope, row.application_region, row.application),
    ]
    if scope.department is None:
        sides.append(within(scope, row.coordinator_region))
    return or_(*(and_(true(), *side) for side in sides))


def page(
    session: Session, scope: Scope, *, state: str | None, after: str, limit: int
) -> list[AgreementVersion]:
    """Versions that concern a scope after `id@version`, by id and version."""
    query = select(AgreementVersion).where(_concerns(scope))
    if state is not None:
        query = query.where(AgreementVersion.state == state)
    if after:
        agreement_id, _, version = after.rpartition("@")
        later = and_(
            col(AgreementVersion.id) == agreement_id, col(AgreementVersion.version) > int(version)
        )
        query = query.where(or_(col(AgreementVersion.id) > agreement_id, later))
    order = (col(AgreementVersion.id), col(AgreementVersion.version))
    return list(session.exec(query.order_by(*order).limit(limit)))


def acts(session: Session, agreement_id: str, version: int) -> list[AgreementAct]:
    """What was done about a version, the oldest first."""
    return acts_of(session, [agreement_id]).get((agreement_id, version), [])


def acts_of(
    session: Session, agreement_ids: Collection[str]
) -> dict[tuple[str, int], list[AgreementAct]]:
    """What was done about agreements, by version, the oldest first. One question, however many."""
    found: dict[tuple[str, int], list[AgreementAct]] = {}
    query = select(AgreementAct).where(col(AgreementAct.agreement_id).in_(set(agreement_ids)))
    for act in session.exec(query.order_by(col(AgreementAct.id))):
        found.setdefault((act.agreement_id, act.version), []).append(act)
    return found


def quota_window(
    session: Session, agreement_id: str, name: str, *, lock: bool = False
) -> QuotaWindow | None:
    """A window of a quota; `lock` holds its row until the transaction ends."""
    return session.get(QuotaWindow, (agreement_id, name), with_for_update=lock or None)


def add_window(session: Session, row: QuotaWindow) -> None:
    """Begin the first window of a quota. Raises `IntegrityError` where another process has just
    done so.
    """
    session.add(row)
    session.flush()
