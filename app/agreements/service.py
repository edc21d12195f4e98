"""Agreements in force, as a snapshot, and their meters."""

import contextlib
import logging
from datetime import date, datetime

from pydantic import ValidationError
from sqlmodel import Session

from app.agreements import repository
from app.agreements.acts import SNAPSHOT_NAME
from app.agreements.decision import DatedTerms, Quota, Terms, is_running
from app.agreements.errors import AgreementUnknown
from app.agreements.metering import read_windows
from app.agreements.models import AgreementVersion
from app.agreements.parties import concerns
from app.agreements.schemas import Clauses, MeterRead
from app.core.clock import local_date
from app.core.snapshots import Snapshot
from auth.principal import Principal, prefix_of
from auth.scope import NATION, scope_of

log = logging.getLogger("onevisit.agreements")


def load(session: Session) -> tuple[DatedTerms, ...]:
    """All active application agreements. One that this release cannot read gives nothing, and costs
    the others nothing.
    """
    found = []
    for row in repository.active(session):
        try:
            found.append(DatedTerms(terms_of(row), row.valid_from, row.valid_to))
        except ValidationError:
            log.exception("agreement %s@%d cannot be read", row.id, row.version)
    return tuple(found)


def terms_of(row: AgreementVersion) -> Terms:
    """What a version gives, as decisions need it."""
    clauses = Clauses.model_validate(row.clauses)
    sections = None
    if clauses.sections is not None:
        sections = {
            scope.section: None if scope.fields is None else frozenset(scope.fields)
            for scope in clauses.sections
        }
    everywhere = row.source_region == NATION
    regions = tuple(clauses.regions) or (() if everywhere else (row.source_region,))
    return Terms(
        f"{row.id}@{row.version}",
        row.source,
        frozenset(clauses.purposes),
        clauses.strictest_class,
        clauses.headline,
        row.application,
        sections,
        regions,
        frozenset(clauses.roles),
        row.application_region,
        _quota(row.id, clauses),
    )


def _quota(agreement_id: str, clauses: Clauses) -> Quota | None:
    daily, per_second = clauses.daily_quota or 0, clauses.per_second_quota or 0
    return Quota(agreement_id, daily, per_second) if daily or per_second else None


def in_force_over(
    session: Session, principal: Principal, about: tuple[str, str, str], day: date
) -> tuple[list[Terms], int]:
    """Terms in force on a day that release something of a department's section in a region: those
    that concern the caller, and how many others there are.
    """
    department, section, region = about
    found, others = [], 0
    for row in repository.active(session):
        if not is_running(row.valid_from, row.valid_to, day):
            continue
        try:
            terms = terms_of(row)
        except ValidationError:  # it gives nothing here, so that nothing of it rests on anybody
            continue
        if not terms.is_about(department, section):
            continue
        if not any(_meet(region, own) for own in terms.regions or (NATION,)):
            continue
        if concerns(row, scope_of(principal)):
            found.append(terms)
        else:
            others += 1
    return found, others


def _meet(one: str, other: str) -> bool:
    """Whether two divisions have a place in common."""
    short, long = sorted((prefix_of(one), prefix_of(other)), key=len)
    return long.startswith(short)


def new_snapshot() -> Snapshot[tuple[DatedTerms, ...]]:
    """An empty snapshot, to be refreshed."""
    return Snapshot(SNAPSHOT_NAME, load, ())


def read_meter(
    session: Session, principal: Principal, agreement_id: str, now: datetime
) -> MeterRead:
    """The meter of the version in force. Raises `AgreementUnknown`, also for an agreement that
    concerns others only.
    """
    rows = repository.versions(session, agreement_id)
    if not any(concerns(row, scope_of(principal)) for row in rows):
        raise AgreementUnknown
    day = local_date(now)
    found = next(
        (
            row
            for row in rows
            if row.state == "active"
            and row.valid_from <= day
            and (row.valid_to is None or day <= row.valid_to)
        ),
        None,
    )
    quota = None
    if found is not None and found.kind == "application":
        with contextlib.suppress(ValidationError):  # of a later release: this one cannot read it
            quota = terms_of(found).quota
    return MeterRead(
        agreement_id=agreement_id,
        version=found.version if found is not None else None,
        windows=read_windows(session, quota, now) if quota is not None else [],
    )
