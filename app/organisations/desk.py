"""What every use case about units and people needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from auth.principal import Principal
from auth.scope import Scope, scope_of

SNAPSHOT_NAME = "people"


@dataclass(frozen=True, slots=True)
class PeopleDesk:
    """What every use case needs: the transaction, the trail, the caller."""

    session: Session
    trail: Trail
    principal: Principal

    @property
    def scope(self) -> Scope:
        """Whom the caller may act on."""
        return scope_of(self.principal)

    @property
    def now(self) -> datetime:
        """The instant of the act."""
        return self.trail.clock.now()

    def record(self, event: EventName, about: str, **more: Any) -> None:
        """Append an entry about a unit or a person."""
        entry = act_of(self.principal, event, object_ref=about, **more)
        self.trail.append(self.session, entry)
