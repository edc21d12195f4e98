"""What every use case about adapters needs."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.registry.history import moved
from app.registry.loader import Workshop
from app.registry.models import Adapter
from auth.principal import Principal


@dataclass(frozen=True, slots=True)
class Desk:
    """What every use case needs: the transaction, the trail, the caller, the workshop that checks
    manifests.
    """

    session: Session
    trail: Trail
    principal: Principal
    workshop: Workshop

    def record(
        self, event: EventName, adapter: Adapter, reason: str | None = None, **more: Any
    ) -> None:
        """Append an entry about an adapter, and keep it among what was done with it."""
        actor, clock = self.principal.subject, self.trail.clock
        moved(self.session, (adapter.id, adapter.version), event, actor, clock, reason)
        self.trail.append(
            self.session,
            act_of(self.principal, event, object_ref=adapter.id, **more),
        )
