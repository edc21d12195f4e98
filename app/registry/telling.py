"""Who is told of what happens to an adapter."""

from datetime import datetime

from sqlmodel import Session

from app.delivery.notices.addressing import holders
from app.delivery.notices.service import Announcement, notify
from app.registry.models import Adapter
from auth.principal import Role


def tell_suspended(session: Session, now: datetime, adapter: Adapter) -> None:
    """Those who manage it, and the coordinators of its region."""
    region = adapter.region or ""
    to = [
        holders(Role.DATA_MANAGER, region, adapter.department),
        holders(Role.COORDINATOR, region),
    ]
    notify(session, now, Announcement("adapter.suspended", "adapter", adapter.id), to)
