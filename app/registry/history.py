"""Who moved an adapter, when and why; and what stands still where it is taken out of service."""

from sqlmodel import Session

from app.agreements.service import in_force_over
from app.audit.events import VOCABULARY, EventName
from app.core.clock import Clock, local_date
from app.core.ids import new_id_text
from app.registry import repository
from app.registry.models import Adapter, AdapterMove
from app.registry.offices import EVERYWHERE
from app.registry.schemas import AdapterImpact, AdapterMoveRead
from app.tasks.purposes import sealed_from
from app.tasks.service import count_open
from auth.principal import Principal

_SHOWN = 200


def moved(
    session: Session,
    adapter: tuple[str, int],
    event: EventName,
    actor: str,
    clock: Clock,
    reason: str | None = None,
    outcome: str | None = None,
) -> None:
    """Keep that somebody did something with a version of an adapter; `outcome` of an exam: passed
    or failed.
    """
    adapter_id, version = adapter
    row = AdapterMove(
        id=new_id_text(),
        adapter_id=adapter_id,
        version=version,
        event=event,
        actor=actor,
        reason=reason,
        outcome=outcome,
        at=clock.now(),
    )
    repository.add(session, row)


def moves_of(session: Session, adapter_id: str) -> list[AdapterMoveRead]:
    """The last two hundred things done with an adapter, the newest first."""
    return [
        AdapterMoveRead(
            **row.model_dump(exclude={"adapter_id"}), text=VOCABULARY[EventName(row.event)]
        )
        for row in repository.moves(session, adapter_id, _SHOWN)
        # a later release, which may run beside this one, may have others
        if row.event in VOCABULARY
    ]


def impact_of(
    session: Session, principal: Principal, adapter: Adapter, clock: Clock
) -> AdapterImpact:
    """What rests on an adapter today; nothing where it is not in service. Agreements that do not
    concern the caller are counted, purposes that are sealed from him left out.
    """
    if adapter.published_version is None or adapter.suspended:
        return AdapterImpact(agreements=[], further_agreements=0, purposes=[], open_tasks=0)
    now, region = clock.now(), adapter.region or EVERYWHERE
    about = (adapter.department, adapter.section, region)
    found, others = in_force_over(session, principal, about, local_date(now))
    purposes = frozenset[str]().union(*(terms.purposes for terms in found))
    told = sorted(purposes - sealed_from(principal.roles))
    return AdapterImpact(
        agreements=sorted(terms.agreement for terms in found),
        further_agreements=others,
        purposes=told,
        open_tasks=count_open(session, region, now),
    )
