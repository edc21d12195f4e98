"""Doors to what is on its way to departments."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.core.admission import Priority, takes
from app.core.deps import ReadSessionDep, SessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_cursor, ended, page_of
from app.delivery import letters
from app.delivery.schemas import DeliveryRead, DeliveryState, DropDelivery
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

DeliveryPath = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
Reader = Annotated[Principal, Depends(reads(EventName.DELIVERIES_READ, Permission.DELIVERY_READ))]
Manager = Annotated[Principal, Depends(requires(Permission.DELIVERY_MANAGE))]


@router.get("")
@takes(Priority.PULL)
def list_deliveries(
    session: ReadSessionDep,
    settings: SettingsDep,
    principal: Reader,
    state: Annotated[DeliveryState | None, Query()] = None,
    department: Annotated[str | None, Query(max_length=40)] = None,
    record: Annotated[str | None, Query(max_length=36, description="of one record")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[DeliveryRead]:
    """What goes to your department, or to all where you see all, the newest first."""
    wanted = letters.WantedDeliveries.of(principal, state, department, record)
    query = wanted.asked
    before = decode_cursor(settings.keys, cursor, query)
    rows = letters.list_deliveries(session, wanted, before=before, limit=limit + 1)
    return ended(page_of(settings.keys, rows, query, after=before, limit=limit))


@router.get("/{delivery_id}")
@takes(Priority.PULL)
def read_delivery(
    delivery_id: DeliveryPath, session: ReadSessionDep, principal: Reader
) -> DeliveryRead:
    """One of them."""
    return letters.read_delivery(session, principal, delivery_id)


@router.post("/{delivery_id}:retry")
@takes(Priority.RECORD)
def retry_delivery(
    delivery_id: DeliveryPath, session: SessionDep, trail: TrailDep, principal: Manager
) -> DeliveryRead:
    """Send it as soon as the department can be reached (where it could not, it is tried each
    minute), and again for three days: a dead or refused one too, when what was wrong is mended.
    """
    return letters.retry(session, trail, principal, delivery_id)


@router.post("/{delivery_id}:drop")
@takes(Priority.RECORD)
def drop_delivery(
    delivery_id: DeliveryPath,
    drop: DropDelivery,
    session: SessionDep,
    trail: TrailDep,
    principal: Manager,
) -> DeliveryRead:
    """Give it up, with a reason that stays with it; what waits behind it goes on. It can be sent
    again later.
    """
    return letters.drop(session, trail, principal, delivery_id, drop.reason)
