"""Pull records: a page at a time, or as a stream that holds no transaction open."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from sqlmodel import Session

from app.core.db import Database
from app.inspections.reading import part_of, read_all
from app.inspections.schemas import InspectionRead
from app.inspections.service import number_records
from app.supervision import repository
from app.supervision.repository import Filter
from app.supervision.spreadsheet import BOM, CURSOR, Language, heading, line, lines
from auth.principal import Principal
from auth.scope import scope_of

_AT_ONCE = 200


def within_scope(principal: Principal, wanted: Filter) -> Filter:
    """The filter narrowed to the caller's region, and to the caller's department where the token
    names one.
    """
    scope = scope_of(principal)
    narrowed = replace(wanted, region_prefix=scope.region_prefix)
    own = scope.department
    return narrowed if own is None else replace(narrowed, department=own, only_department=own)


COUNTED = 10_000
"""So many records after a page are counted; then it is only said that there are more."""


def remaining(session: Session, wanted: Filter, *, last: int) -> tuple[int, bool]:
    """How many records follow a number, and whether there are more than are counted."""
    found = repository.count_after(session, wanted, after=last, most=COUNTED + 1)
    return min(found, COUNTED), found > COUNTED


def page(
    session: Session, wanted: Filter, *, after: int, limit: int
) -> list[tuple[int, InspectionRead]]:
    """Records after a number as (number, record), each as far as the caller may see it."""
    rows = repository.records(session, wanted, after=after, limit=limit)
    found = []
    for row, record in zip(rows, read_all(session, rows), strict=True):
        own = wanted.only_department
        found.append((row.number or 0, record if own is None else part_of(record, own)))
    return found


class Pull:
    """All records of a filter after a number, read in short transactions so that a slow reader
    holds nothing open. `last` is the number of the last one given. Before each transaction `still`
    is asked whether the reader may go on; it raises where not, and the stream breaks off.
    """

    def __init__(
        self,
        database: Database,
        wanted: Filter,
        after: int = 0,
        still: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._still = still
        self.wanted = wanted
        self.last = after

    def __iter__(self) -> Iterator[InspectionRead]:
        number_records(self._database)
        while True:
            self._still()
            with self._database.read() as session:
                rows = page(session, self.wanted, after=self.last, limit=_AT_ONCE)
            for number, record in rows:
                self.last = number
                yield record
            if len(rows) < _AT_ONCE:
                return


def as_ndjson(pull: Pull, cursor: Callable[[int], str | None]) -> Iterator[str]:
    """One record a line, and last the cursor to go on from."""
    for record in pull:
        yield record.model_dump_json() + "\n"
    yield json.dumps({"resume_cursor": cursor(pull.last)}) + "\n"


def as_csv(
    pull: Pull, language: Language | None, cursor: Callable[[int], str | None] | None
) -> Iterator[str]:
    """One result that fits a line, UTF-8 with a byte order mark for spreadsheets; last the cursor
    to go on from, where one is wanted.
    """
    yield BOM + heading(language)
    wanted = pull.wanted
    for record in pull:
        yield from lines(record, language, department=wanted.department, result=wanted.result)
    if cursor is not None:
        yield line([CURSOR, cursor(pull.last) or ""])
