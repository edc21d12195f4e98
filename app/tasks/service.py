"""Open and close tasks; know the open ones without asking the database."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from msgspec import structs
from sqlmodel import Session

from adapters.contract import tables
from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.businesses.naming import names_of
from app.core.clock import Clock, day_begin, local_date
from app.core.ids import new_id
from app.core.rules import NOT_SWITCHED, Switches, rule
from app.core.snapshots import Snapshot, bump
from app.delivery.notices.addressing import holders
from app.delivery.notices.service import Announcement, notify
from app.organisations.service import beyond
from app.tasks import repository
from app.tasks.errors import (
    AssigneeForeign,
    TaskApproved,
    TaskForReview,
    TaskFourEyes,
    TaskNotOpen,
    TaskOutsideRegion,
    TaskPurposeForeign,
    TaskUnknown,
    TooManyTasks,
)
from app.tasks.lifecycle import AT_HOME, SECONDED, OpenTask
from app.tasks.models import Task
from app.tasks.purposes import PURPOSES, sealed_from
from app.tasks.schemas import TaskCreate, TaskRead
from auth.principal import Principal, Role, prefix_of
from auth.scope import EVERYTHING, Scope, scope_of

SNAPSHOT_NAME = "tasks"


REVIEWED_WITHIN = "break_glass_reviewed_within_hours"
LIMITS = Path(__file__).with_name("data") / "limits.csv"


class WantedTasks(NamedTuple):
    """Which tasks are listed: those assigned to the caller, those that are open, those where the
    glass was broken and nobody has judged it (open or not), those that want a second person's
    approval.
    """

    mine: bool
    only_open: bool
    unreviewed: bool
    unapproved: bool = False


class About(NamedTuple):
    """The business of a task, and where registration says it is; empty where it does not."""

    business_id: str
    region: str


def open_task(
    session: Session,
    trail: Trail,
    principal: Principal,
    wanted: TaskCreate,
    about: About,
    switches: Switches = NOT_SWITCHED,
) -> TaskRead:
    """Open a task for a business in the caller's region, or for one whose region is not known yet.
    Raises `TaskPurposeForeign`, `TaskOutsideRegion`, `AssigneeForeign`, and `TooManyTasks` for
    whoever has opened enough today.
    """
    now = trail.clock.now()
    require_opener(principal, wanted.purpose, local_date(now))
    warnings = _warnings(principal, wanted, about, switches, local_date(now))
    _require_few(session, principal, now)
    _require_own(session, principal, wanted)
    task = Task(
        id=str(new_id()),
        business_id=about.business_id,
        site=wanted.site,
        purpose=wanted.purpose,
        region=about.region,
        opened_in=principal.region,
        department=principal.department or "",
        emergency=wanted.emergency,
        assignees=sorted(set(wanted.assignees)),
        basis=wanted.basis,
        opened_by=principal.subject,
        opened_at=now,
        ends_at=now + timedelta(hours=wanted.ends_in_hours),
        warned=" ".join(warnings),
    )
    repository.add(session, task)
    if task.emergency or principal.subject in task.assignees:
        place = task.region or task.opened_in
        if AT_HOME in warnings:  # whoever sends them there answers for it
            place = task.opened_in
        leaders = [
            holders(Role(role), place, task.department)
            for role in sorted(PURPOSES[task.purpose].opened_by)
        ]
        notify(session, now, Announcement("task.approval_wanted", "task", task.id), leaders)
    enter(session, trail, principal, EventName.TASK_OPENED, task, ",".join(warnings))
    return read(task)


def _warnings(
    principal: Principal, wanted: TaskCreate, about: About, switches: Switches, today: date
) -> list[str]:
    """Rules that only warn of this task here. Raises `TaskOutsideRegion` where one forbids it."""
    found = []
    if not is_at_home(principal, about.region):
        if not switches.warns(AT_HOME, about.region, today):
            raise TaskOutsideRegion
        found.append(AT_HOME)
    here = {principal.region, about.region or principal.region}
    alone = principal.subject in wanted.assignees and not PURPOSES[wanted.purpose].sealed
    if alone and all(switches.warns(SECONDED, region, today) for region in here):
        found.append(SECONDED)
    return found


def _require_few(session: Session, principal: Principal, now: datetime) -> None:
    most = tables.limit(LIMITS, "most_opened_a_day", local_date(now))
    repository.hold_opener(session, principal.subject)
    if repository.count_opened(session, principal.subject, day_begin(now)) >= most:
        raise TooManyTasks(f"{most} a day.")


def _require_own(session: Session, principal: Principal, wanted: TaskCreate) -> None:
    foreign = beyond(session, principal, wanted.assignees)
    if foreign:
        first = next(i for i, who in enumerate(wanted.assignees) if who in foreign)
        raise AssigneeForeign(pointer=f"/body/assignees/{first}")


def approve_task(session: Session, trail: Trail, principal: Principal, task_id: str) -> TaskRead:
    """Approve what another person opened: from then on he may himself see class 2 of it.

    Raises `TaskUnknown`, `TaskNotOpen`, `TaskApproved`, `TaskForReview`, and `TaskFourEyes` for the
    opener.
    """
    task = find_open(session, principal, task_id)
    if task.opened_by == principal.subject:
        raise TaskFourEyes
    if task.break_glass:
        raise TaskForReview
    if task.approved_by is not None:
        raise TaskApproved
    task.approved_by, task.approved_at = principal.subject, trail.clock.now()
    enter(session, trail, principal, EventName.TASK_APPROVED, task)
    return read(task)


@rule(AT_HOME, without=True)
def is_at_home(principal: Principal, region: str) -> bool:
    """Whether a business lies where somebody may send others, as far as registration has told."""
    return not region or principal.covers(region)


def find_open(session: Session, principal: Principal, task_id: str) -> Task:
    """An open task that the caller may act on."""
    task = find_known(session, principal, task_id)
    require_opener(principal, task.purpose)
    if task.closed_at is not None:
        raise TaskNotOpen
    return task


def find_known(session: Session, principal: Principal, task_id: str) -> Task:
    """A task of the caller's scope, or his own, held until the commit. Raises `TaskUnknown`, also
    for one whose purpose is sealed from him.
    """
    task = repository.find_within(session, task_id, scope_of(principal), principal.subject)
    if task is None or not may_act(principal, task) or task.purpose in sealed_from(principal.roles):
        raise TaskUnknown
    return task


def require_opener(principal: Principal, purpose: str, on: date | None = None) -> None:
    """Raises `TaskPurposeForeign` for whoever does not open, approve or close tasks for a purpose;
    for everybody where it is not in force on the day.
    """
    known = PURPOSES.get(purpose)
    if known is None or known.opened_by.isdisjoint(principal.roles):
        raise TaskPurposeForeign
    if on is not None and not known.in_force(on):
        raise TaskPurposeForeign


def may_act(principal: Principal, task: Task) -> bool:
    """Within region and department; and whoever opened it, on his own."""
    places = {task.region or task.opened_in}
    if AT_HOME in task.warned.split():  # whoever sent them there is responsible for it
        places.add(task.opened_in)
    within = scope_of(principal)
    own = task.opened_by == principal.subject
    return own or any(within.covers(place, task.department) for place in places)


def enter(
    session: Session,
    trail: Trail,
    principal: Principal,
    event: EventName,
    task: Task,
    warned: str = "",
) -> None:
    """The entry of an act, and its revision; `warned` are rules that only warned."""
    act = act_of(
        principal,
        event,
        subject=task.business_id,
        task=task.id,
        purpose=task.purpose,
        filter=f"warned={warned}" if warned else "",
    )
    trail.append(session, act)
    task.changed = bump(session, SNAPSHOT_NAME)


def close_task(session: Session, trail: Trail, principal: Principal, task_id: str) -> TaskRead:
    """Close a task; from then on it opens no class-2 data. Raises `TaskUnknown` or
    `TaskNotOpen`.
    """
    task = find_open(session, principal, task_id)
    task.closed_at = trail.clock.now()
    enter(session, trail, principal, EventName.TASK_CLOSED, task)
    return read(task)


def locate_task(
    session: Session,
    trail: Trail,
    task_id: str,
    region: str,
    switches: Switches = NOT_SWITCHED,
) -> None:
    """What registration told at last of where a task's business is. One that lies outside of the
    opener's region is closed, but where the rule only warns.
    """
    task = repository.find(session, task_id, lock=True)
    if task is None or task.region or task.closed_at is not None:
        return
    task.region = region
    opener = opener_of(task)
    event = EventName.TASK_LOCATED
    today = local_date(trail.clock.now())
    if not opener.covers(region) and switches.warns(AT_HOME, region, today):
        task.warned = " ".join(sorted({*task.warned.split(), AT_HOME}))
    elif not opener.covers(region):
        task.closed_at, event = trail.clock.now(), EventName.TASK_CLOSED
    entry = act_of(opener, event, subject=task.business_id, task=task.id, outcome="located")
    trail.append(session, structs.replace(entry, actor="gateway", role=""))
    task.changed = bump(session, SNAPSHOT_NAME)


def opener_of(task: Task) -> Principal:
    """On whose behalf registration is asked about a task."""
    return Principal(task.opened_by, frozenset(), task.department or None, task.opened_in)


def list_tasks(
    session: Session,
    clock: Clock,
    principal: Principal,
    wanted: WantedTasks,
    *,
    before: str,
    limit: int,
) -> list[TaskRead]:
    """Tasks within the caller's region and department before an id, newest first."""
    rows = repository.page(
        session,
        EVERYTHING
        if wanted.mine
        else scope_of(principal),  # whoever is assigned may see what it is
        assignee=principal.subject if wanted.mine else None,
        open_at=clock.now() if wanted.only_open and not wanted.unreviewed else None,
        waits_for="review" if wanted.unreviewed else "approval" if wanted.unapproved else None,
        without=sealed_from(principal.roles),
        before=before,
        limit=limit,
    )
    names = names_of(session, [row.business_id for row in rows])
    return [
        read(row).model_copy(update={"business_name": names.get(row.business_id)}) for row in rows
    ]


def count_open(session: Session, region: str, now: datetime) -> int:
    """How many tasks of a region are open; those that are told to nobody are not counted."""
    scope, sealed = Scope(prefix_of(region)), sealed_from(frozenset())
    return repository.count_open(session, scope, now, without=sealed)


def read(task: Task) -> TaskRead:
    """A task as it leaves, with what has to be made up and until when."""
    due = None
    if task.emergency and not task.approved_by:
        due = within_hours(task, "emergency_approved_within_hours")
    review_by = None
    if task.break_glass and task.reviewed_at is None:
        review_by = within_hours(task, REVIEWED_WITHIN)
    told = task.model_dump(exclude={"warned"}) | {
        "warnings": task.warned.split(),
        "region": task.region or None,
        "department": task.department or None,
        "approve_by": due,
        "review_by": review_by,
    }
    return TaskRead.model_validate(told)


def within_hours(task: Task, limit: str) -> datetime:
    """Until when something must have been made up, by the law of the day on which it was opened."""
    hours = tables.limit(LIMITS, limit, local_date(task.opened_at))
    return task.opened_at + timedelta(hours=hours)


def new_snapshot(clock: Clock) -> Snapshot[dict[str, OpenTask]]:
    """An empty snapshot of the open tasks, to be refreshed: by those that changed since."""

    def load(session: Session) -> dict[str, OpenTask]:
        return {row.id: as_open(row) for row in repository.open_at(session, clock.now())}

    def update(session: Session, known: dict[str, OpenTask], number: int) -> dict[str, OpenTask]:
        now = clock.now()
        for row in repository.changed_after(session, number):
            if row.closed_at is None and row.ends_at > now:
                known[row.id] = as_open(row)
            else:
                known.pop(row.id, None)
        if len(known) > forgotten.above:  # those that are over took no change to be so
            for task in [task for task in tuple(known.values()) if task.ends_at <= now]:
                known.pop(task.id, None)
            forgotten.above = 2 * len(known) + _FEW
        return known

    forgotten = _Forgotten()
    return Snapshot(SNAPSHOT_NAME, load, {}, update)


_FEW = 1000


@dataclass(slots=True)
class _Forgotten:
    """Above how many known tasks those that are over are looked for."""

    above: int = _FEW


def as_open(row: Task) -> OpenTask:
    """What decisions need of a task."""
    return OpenTask(
        id=row.id,
        business_id=row.business_id,
        site=row.site,
        purpose=row.purpose,
        region=row.region,
        assignees=frozenset(row.assignees),
        opened_by=row.opened_by,
        ends_at=row.ends_at,
        opened_in=row.opened_in,
        department=row.department,
        approved_by=row.approved_by,
        break_glass=row.break_glass,
        warned=frozenset(row.warned.split()),
    )
