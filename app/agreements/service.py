"""Agreements in force, as a snapshot."""

import logging

from pydantic import ValidationError
from sqlmodel import Session

from app.agreements import repository
from app.agreements.acts import SNAPSHOT_NAME
from app.agreements.decision import DatedTerms, Terms
from app.agreements.models import AgreementVersion
from app.agreements.schemas import Clauses
from app.core.snapshots import Snapshot
from auth.scope import NATION

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
    )


def new_snapshot() -> Snapshot[tuple[DatedTerms, ...]]:
    """An empty snapshot, to be refreshed."""
    return Snapshot(SNAPSHOT_NAME, load, ())
