"""What people do with deliveries: look for those that do not arrive, send them again, drop them."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.delivery import repository
from app.delivery.errors import DeliveryOver, DeliveryUnderWay, DeliveryUnknown
from app.delivery.models import Delivery
from app.delivery.schemas import DeliveryRead, DeliveryState
from auth.principal import Principal, Role

_SEE_ALL = frozenset({Role.COORDINATOR, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class WantedDeliveries:
    """Which deliveries, narrowed to what the caller may see."""

    region_prefix: str
    department: str | None
    state: DeliveryState | None
    record: str | None

    @classmethod
    def of(
        cls,
        principal: Principal,
        state: DeliveryState | None,
        department: str | None,
        record: str | None,
    ) -> "WantedDeliveries":
        """As the caller asks, within region and department."""
        own = principal.department
        if own is None and not principal.roles & _SEE_ALL:
            own = ""  # a data manager of no department sees none
        if own is not None and department not in (None, own):
            own = ""
        return cls(principal.region_prefix, own if own is not None else department, state, record)

    @property
    def asked(self) -> dict[str, Any]:
        """The query that a cursor belongs to."""
        return {name: getattr(self, name) for name in WantedDeliveries.__slots__}


def list_deliveries(
    session: Session, wanted: WantedDeliveries, *, before: int, limit: int
) -> list[tuple[int, DeliveryRead]]:
    """Those before a position (all for 0) as (position, delivery), the newest first."""
    rows = repository.page(
        session,
        region_prefix=wanted.region_prefix,
        department=wanted.department,
        state=wanted.state,
        object_id=wanted.record,
        before=before,
        limit=limit,
    )
    return [(row.position or 0, _read(row)) for row in rows]


def read_delivery(session: Session, principal: Principal, delivery_id: str) -> DeliveryRead:
    """One delivery. Raises `DeliveryUnknown`, also for one the caller may not see."""
    return _read(_seen(session, principal, delivery_id))


def retry(session: Session, trail: Trail, principal: Principal, delivery_id: str) -> DeliveryRead:
    """Send it at once. Raises `DeliveryUnknown`, `DeliveryOver` for what has arrived, and
    `DeliveryUnderWay`.
    """
    row = _changeable(session, trail, principal, delivery_id)
    now = trail.clock.now()
    row.state, row.next_at, row.tried_since, row.reason = "pending", now, now, None
    _enter(session, trail, principal, EventName.RESULT_RETRIED, row)
    return _read(row)


def drop(
    session: Session, trail: Trail, principal: Principal, delivery_id: str, reason: str
) -> DeliveryRead:
    """Give it up. Raises as `retry`."""
    row = _changeable(session, trail, principal, delivery_id)
    row.state, row.reason = "dropped", reason
    _enter(session, trail, principal, EventName.RESULT_DROPPED, row)
    return _read(row)


def _changeable(session: Session, trail: Trail, principal: Principal, delivery_id: str) -> Delivery:
    row = _seen(session, principal, delivery_id, lock=True)
    if row.state == "delivered":
        raise DeliveryOver
    if row.lease_until is not None and row.lease_until > trail.clock.now():
        raise DeliveryUnderWay
    return row


def _seen(
    session: Session, principal: Principal, delivery_id: str, *, lock: bool = False
) -> Delivery:
    row = repository.find(session, delivery_id, lock=lock)
    wanted = WantedDeliveries.of(principal, None, None, None)
    if row is None or wanted.department not in (None, row.department):
        raise DeliveryUnknown
    if not row.region.startswith(wanted.region_prefix):
        raise DeliveryUnknown
    return row


def _enter(
    session: Session, trail: Trail, principal: Principal, event: EventName, row: Delivery
) -> None:
    entry = act_of(
        principal,
        event,
        departments=(row.department,),
        object_ref=row.object_id,
        outcome=row.state,
    )
    trail.append(session, entry)


def _read(row: Delivery) -> DeliveryRead:
    return DeliveryRead.model_validate({**row.model_dump(), "record": row.object_id})
