"""The task that a visit was made for."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from app.tasks import repository
from app.tasks.lifecycle import OpenTask, was_open
from app.tasks.purposes import PURPOSES
from app.tasks.service import as_open
from auth.principal import Principal


class Unfit(StrEnum):
    """Why a task is not the one a visit was made for."""

    UNKNOWN = "unknown"
    """There is none, or it is not the caller's."""
    BUSINESS = "business"
    TIME = "time"


def task_of_visit(
    session: Session,
    task_id: str,
    principal: Principal,
    *,
    business_id: str,
    site: str | None,
    started_at: datetime,
) -> OpenTask | Unfit:
    """The task a visit was made for, if it was open then (but for what a phone's clock may be off)
    and assigned to the caller; it may have ended since (offline days).
    """
    row = repository.find(session, task_id)
    task = as_open(row) if row is not None else None
    if row is None or task is None or not _is_for_visits(row.purpose, principal):
        return Unfit.UNKNOWN
    # Where it was only warned of, the visit was allowed: its record comes late from offline days.
    there = task.is_near(principal.region) or task.is_sent(principal.region)
    if not (task.is_for(principal.subject) and there):
        return Unfit.UNKNOWN
    if not task.is_about(business_id, site):
        return Unfit.BUSINESS
    if not was_open(row.opened_at, row.closed_at, row.ends_at, started_at):
        return Unfit.TIME
    return task


def _is_for_visits(purpose: str, principal: Principal) -> bool:
    """Whether somebody makes visits for a purpose: one of his own, and not a sealed one."""
    known = PURPOSES.get(purpose)
    return known is not None and not known.sealed and not known.roles.isdisjoint(principal.roles)
