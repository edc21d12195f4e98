"""Filters with a name: kept for their owner, worth no more than his rights of the moment."""

from sqlmodel import Session

from app.core.clock import Clock
from app.organisations.filters import repository
from app.organisations.filters.errors import FiltersTooMany, FilterUnknown
from app.organisations.filters.models import SavedFilter
from app.organisations.filters.schemas import SavedFilterRead, SavedFilterWrite
from auth.principal import Principal

MOST = 50
"""Of one person and screen."""


def saved(session: Session, principal: Principal, screen: str) -> list[SavedFilterRead]:
    """The caller's own of a screen, by name."""
    rows = repository.of_owner(session, principal.subject, screen)
    return [_read(row) for row in rows]


def save(
    session: Session, clock: Clock, principal: Principal, screen: str, given: SavedFilterWrite
) -> SavedFilterRead:
    """Keep one, or replace the one of that name. Raises `FiltersTooMany`."""
    owner = principal.subject
    repository.hold_owner(session, owner)
    row = repository.find(session, owner, screen, given.name)
    if row is None:
        if len(repository.of_owner(session, owner, screen)) >= MOST:
            raise FiltersTooMany
        row = SavedFilter(
            owner=owner, screen=screen, name=given.name, query="", saved_at=clock.now()
        )
        repository.add(session, row)
    row.query, row.saved_at = given.query, clock.now()
    return _read(row)


def drop(session: Session, principal: Principal, screen: str, name: str) -> None:
    """Forget one of the caller's own. Raises `FilterUnknown`."""
    row = repository.find(session, principal.subject, screen, name)
    if row is None:
        raise FilterUnknown
    repository.drop(session, row)


def _read(row: SavedFilter) -> SavedFilterRead:
    return SavedFilterRead(name=row.name, query=row.query, saved_at=row.saved_at)
