"""What people do with deliveries: look for those that do not arrive, send them again, drop them."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.delivery import repository
from app.delivery.errors import DeliveryOver, DeliveryUnderWay, DeliveryUnknown
from app.delivery.models import Delivery
from app.delivery.schemas import DeliveryRead, DeliveryState
from auth.principal import Principal
from auth.scope import Scope, scope_of


@dataclass(frozen=True, slots=True)
class WantedDeliveries:
    """Which deliveries, narrowed to what the caller may see."""

    scope: Scope
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
        return cls(scope_of(principal).narrowed(department), state, record)

    @property
    def asked(self) -> dict[str, Any]:
        """The query that a cursor belongs to."""
        return {**asdict(self.scope), "state": self.state, "record": self.record}


def list_deliveries(
    session: Session, wanted: WantedDeliveries, *, before: int, limit: int
) -> list[tuple[int, DeliveryRead]]:
    """Those before a position (all for 0) as (position, delivery), the newest first."""
    rows = repository.page(
        session,
        wanted.scope,
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
    scope = scope_of(principal)
    row = repository.find(session, delivery_id, scope=scope, lock=lock)
    if row is None or not scope.covers(row.region, row.department):
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
