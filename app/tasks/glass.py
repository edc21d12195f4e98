"""Break-glass: an officer opens class 2 of one business for himself, for minutes, where nobody can
be asked; another leader judges it afterwards. Callers commit.

It stands in for the second person and for nothing else: an agreement must serve the purpose
`emergency`, and the business must lie where the officer acts.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from adapters.contract import tables
from app.audit.events import EventName
from app.audit.service import Trail
from app.core.clock import day_begin, local_date
from app.core.ids import new_id
from app.core.schedule import Span
from app.delivery.notices.addressing import Addressee, caller, holders
from app.delivery.notices.service import Announcement, notify
from app.tasks import repository
from app.tasks.errors import (
    GlassUnreviewed,
    TaskFourEyes,
    TaskOutsideRegion,
    TaskReviewed,
    TaskUnknown,
    TooManyTasks,
)
from app.tasks.models import Task
from app.tasks.schemas import GlassBreak, GlassReview, TaskRead
from app.tasks.service import (
    LIMITS,
    REVIEWED_WITHIN,
    About,
    enter,
    find_known,
    is_at_home,
    read,
    require_opener,
    within_hours,
)
from auth.principal import Principal, Role

PURPOSE = "emergency"


def break_glass(
    session: Session, trail: Trail, principal: Principal, wanted: GlassBreak, about: About
) -> TaskRead:
    """A task of minutes for the caller alone. Audit administrators and leaders are told at once.

    Raises `TaskOutsideRegion`, `TooManyTasks` for whoever has done it often enough today, and
    `GlassUnreviewed` while an earlier one of his has not been judged in time.
    """
    if not is_at_home(principal, about.region):
        raise TaskOutsideRegion
    now = trail.clock.now()
    today = local_date(now)
    repository.hold_opener(session, principal.subject)
    hours = _limit(REVIEWED_WITHIN, today)
    if repository.is_unreviewed(session, principal.subject, now - timedelta(hours=hours)):
        raise GlassUnreviewed
    most = _limit("most_break_glass_a_day", today)
    if repository.count_glass(session, principal.subject, day_begin(now)) >= most:
        raise TooManyTasks(f"{most} a day.")
    task = Task(
        id=str(new_id()),
        business_id=about.business_id,
        site=wanted.site,
        purpose=PURPOSE,
        region=about.region,
        opened_in=principal.region,
        department=principal.department or "",
        emergency=False,
        break_glass=True,
        assignees=[principal.subject],
        basis=wanted.reason,
        opened_by=principal.subject,
        opened_at=now,
        ends_at=now + timedelta(minutes=_limit("break_glass_minutes", today)),
    )
    repository.add(session, task)
    notify(session, now, Announcement("break_glass.used", "task", task.id), _judges(task))
    enter(session, trail, principal, EventName.GLASS_BROKEN, task)
    return read(task)


def review(
    session: Session, trail: Trail, principal: Principal, task_id: str, given: GlassReview
) -> TaskRead:
    """Judge it, once, as another leader of its region and department. Raises `TaskUnknown`,
    `TaskPurposeForeign`, `TaskFourEyes`, `TaskReviewed`.
    """
    task = find_known(session, principal, task_id)
    if not task.break_glass:
        raise TaskUnknown
    require_opener(principal, task.purpose)
    if task.opened_by == principal.subject:
        raise TaskFourEyes
    if task.reviewed_at is not None:
        raise TaskReviewed
    now = trail.clock.now()
    task.reviewed_by, task.reviewed_at = principal.subject, now
    task.justified, task.review_note = given.justified, given.note
    if not given.justified:
        told = Announcement("break_glass.unjustified", "task", task.id)
        notify(session, now, told, [_audit(task), caller(task.opened_by)])
    enter(session, trail, principal, EventName.GLASS_REVIEWED, task)
    return read(task)


def remind(session: Session, now: datetime, span: Span) -> dict[str, Any]:
    """Tell again of those whose time to be judged ended on these days; how many that was."""
    found = 0
    for task in repository.unreviewed(session):
        due = within_hours(task, REVIEWED_WITHIN)
        # on the morning after: what falls due later in the day of a run is not over yet
        if span.holds(local_date(due) + timedelta(days=1)):
            told = Announcement("break_glass.unreviewed", "task", task.id)
            notify(session, now, told, _judges(task))
            found += 1
    return {"tasks": found}


def _limit(name: str, on: date) -> int:
    return tables.limit(LIMITS, name, on)


def _audit(task: Task) -> Addressee:
    return holders(Role.AUDIT_ADMINISTRATOR, task.region or task.opened_in)


def _judges(task: Task) -> list[Addressee]:
    return [
        _audit(task),
        holders(Role.TEAM_LEADER, task.region or task.opened_in, task.department),
    ]
