"""Rules of law that are not certain (confidence M or L), switched by region: what blocks elsewhere
only warns there. Callers commit.
"""

from typing import NamedTuple

from sqlmodel import Session

from app.audit.events import EventName, digest_of
from app.audit.service import Trail, act_of
from app.catalogue import repository
from app.catalogue.errors import (
    RegionForeign,
    RuleBlockedThere,
    RuleNotSwitchable,
    RuleOwnInterest,
    RuleUnknown,
)
from app.catalogue.models import RuleSwitch
from app.catalogue.rules import RuleRow, all_rules
from app.catalogue.schemas import SwitchRead, SwitchWrite
from app.core.rules import Switch, Switches
from app.core.snapshots import Snapshot, bump
from app.delivery.notices.addressing import holders
from app.delivery.notices.service import Announcement, notify
from app.tasks.purposes import PURPOSES
from auth.principal import Principal, Role
from auth.scope import scope_of

SNAPSHOT_NAME = "rules"
_CERTAIN = "H"


class Switching(NamedTuple):
    """What switching needs."""

    session: Session
    trail: Trail
    principal: Principal


def is_switchable(row: RuleRow) -> bool:
    """Whether a region may switch a rule: one that is upheld and whose text is not the law's
    own.
    """
    return row.confidence != _CERTAIN and row.mode in {"block", "warn"}


def switch(by: Switching, name: str, region: str, given: SwitchWrite) -> SwitchRead:
    """Switch a rule in a region of the caller's. Audit administrators and supervisors there are
    told. Raises `RuleUnknown`, `RuleNotSwitchable`, `RegionForeign`, `RuleBlockedThere`, and
    `RuleOwnInterest` for whoever looks up or assigns.
    """
    rule = next((row for row in all_rules() if row.name == name), None)
    if rule is None:
        raise RuleUnknown
    if not is_switchable(rule):
        raise RuleNotSwitchable
    if not scope_of(by.principal).covers(region, *_NO_DEPARTMENT):
        raise RegionForeign(pointer="/path/region")
    if given.mode == "warn" and not by.principal.roles.isdisjoint(_BOUND):
        raise RuleOwnInterest
    values = given.model_dump() | {
        "switched_by": by.principal.subject,
        "switched_at": by.trail.clock.now(),
    }
    row = repository.find_switch(by.session, name, region)
    if row is not None and _overrules(by.principal, row, given):
        raise RuleBlockedThere
    if row is None:
        row = RuleSwitch(rule=name, region=region, **values)
        repository.add_switch(by.session, row)
    for column, value in values.items():
        setattr(row, column, value)
    event = act_of(
        by.principal,
        EventName.RULE_SWITCHED,
        object_ref=name,
        filter=f"{region} until={given.valid_to}" if given.valid_to else region,
        outcome=given.mode,
        response_digest=digest_of(given.reason.encode()),
    )
    by.trail.append(by.session, event)
    told = [holders(role, region) for role in (Role.AUDIT_ADMINISTRATOR, Role.SUPERVISOR)]
    notify(by.session, row.switched_at, Announcement("rule.switched", "rule", name), told)
    bump(by.session, SNAPSHOT_NAME)
    return _read(row)


_NO_DEPARTMENT = ("",)
_BOUND = frozenset(
    role for p in PURPOSES.values() if p.needs_task for role in p.roles | p.opened_by
)


def _overrules(principal: Principal, row: RuleSwitch, given: SwitchWrite) -> bool:
    """Whether somebody from above lifts what a region itself blocks."""
    from_above = principal.region != row.region
    return from_above and row.mode == "block" and given.mode == "warn"


def new_snapshot() -> Snapshot[Switches]:
    """An empty snapshot of what is switched, to be refreshed."""

    def load(session: Session) -> Switches:
        return Switches(
            {
                (row.rule, row.region): Switch(row.mode, row.valid_to)
                for row in repository.switches(session)
            }
        )

    return Snapshot(SNAPSHOT_NAME, load, Switches())


def list_switches(session: Session) -> dict[str, list[SwitchRead]]:
    """By rule, what regions have switched, by region."""
    found: dict[str, list[SwitchRead]] = {}
    for row in repository.switches(session):
        found.setdefault(row.rule, []).append(_read(row))
    return found


def _read(row: RuleSwitch) -> SwitchRead:
    return SwitchRead.model_validate(row.model_dump(exclude={"rule"}))
