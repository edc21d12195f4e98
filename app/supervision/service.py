"""Pull records: a page at a time, or as a stream that holds no transaction open."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

from sqlmodel import Session

from app.core.db import Database
from app.inspections.schemas import InspectionRead, WriteBackRead
from app.inspections.service import part_of, record_read
from app.supervision import repository
from app.supervision.csv_safety import safe_cell
from app.supervision.repository import Filter
from auth.principal import Principal, Role

COLUMNS = (
    "id", "state", "business_id", "site", "region", "lead_department", "submitted_by",
    "submitted_at", "visit_started_at",
    "visit_ended_at", "officers", "department", "item_code", "mode", "result", "by", "note",
    "visit_note", "digest",
)  # fmt: skip
_AT_ONCE = 200
_BOM = "\ufeff"


def within_scope(principal: Principal, wanted: Filter) -> Filter:
    """The filter narrowed to the caller's region, and to the caller's department where the token
    names one.
    """
    narrowed = replace(wanted, region_prefix=principal.region_prefix)
    if principal.department is None and Role.SUPERVISOR in principal.roles:
        return narrowed
    # A data manager whose token names no department sees no department's records, rather than all
    # of them.
    own = principal.department or ""
    return replace(narrowed, department=own, only_department=own)


def page(
    session: Session, wanted: Filter, *, after: int, limit: int
) -> list[tuple[int, InspectionRead]]:
    """Records after a position as (position, record), each as far as the caller may see it."""
    rows = repository.records(session, wanted, after=after, limit=limit)
    ids = [row.id for row in rows]
    results = repository.results_of(session, ids)
    deliveries = repository.deliveries_of(session, ids)
    found = []
    for row in rows:
        sent = [
            WriteBackRead.model_validate(d, from_attributes=True)
            for d in deliveries.get(row.id, [])
        ]
        record = record_read(row, results.get(row.id, []), sent)
        if wanted.only_department is not None:
            record = part_of(record, wanted.only_department)
        found.append((row.position or 0, record))
    return found


def every(database: Database, wanted: Filter) -> Iterator[InspectionRead]:
    """All records, read in short transactions so that a slow reader holds nothing open."""
    after = 0
    while True:
        with database.read() as session:
            rows = page(session, wanted, after=after, limit=_AT_ONCE)
        yield from (record for _, record in rows)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1][0]


def as_ndjson(database: Database, wanted: Filter) -> Iterator[str]:
    """One record a line."""
    for record in every(database, wanted):
        yield record.model_dump_json() + "\n"


def as_csv(database: Database, wanted: Filter) -> Iterator[str]:
    """One result a line, UTF-8 with a byte order mark for spreadsheets; no cell can start a
    formula.
    """
    yield _BOM + _line(COLUMNS)
    for record in every(database, wanted):
        common = record.model_dump(mode="json", include=set(COLUMNS))
        common["officers"] = "、".join(o.certificate_no for o in record.officers)
        for result in record.results:
            values = {**common, "visit_note": record.note, **result.model_dump()}
            yield _line([safe_cell(values.get(name)) for name in COLUMNS])


def _line(cells: list[str] | tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
