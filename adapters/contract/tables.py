"""Tables as data: a CSV is read once, and its columns and every row are checked. Pure.

Words, purposes, classes, legal limits are rows of such tables, never constants in code.
"""

import csv
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

CONFIDENCE = frozenset({"H", "M", "L"})
Row = dict[str, str]


class TableError(ValueError):
    """A table that cannot be used; says which row of which file, and why."""


@cache
def rows(
    path: Path, columns: tuple[str, ...], optional: frozenset[str] = frozenset()
) -> tuple[Row, ...]:
    """The rows of a table. Every cell is filled but those of `optional` columns.

    Raises `TableError` for other columns than these, a row with more or fewer cells (an unquoted
    comma), an empty cell, a `confidence` that is none of H, M, L, or dates out of order.
    """
    with path.open(encoding="utf-8", newline="") as file:
        read = csv.reader(file, strict=True)
        head = tuple(next(read, ()))
        if head != columns:
            raise TableError(f"{path.name}: the columns are {','.join(head)}")
        found = [_checked(path, read.line_num, columns, cells, optional) for cells in read]
    return tuple(found)


def _checked(
    path: Path, line: int, columns: Sequence[str], cells: list[str], optional: frozenset[str]
) -> Row:
    place = f"{path.name}, line {line}"
    if len(cells) != len(columns):
        raise TableError(f"{place}: {len(cells)} cells, not {len(columns)}; quote commas")
    row = dict(zip(columns, cells, strict=True))
    empty = [name for name, value in row.items() if not value.strip() and name not in optional]
    if empty:
        raise TableError(f"{place}: {', '.join(empty)} is empty")
    if "confidence" in row and row["confidence"] not in CONFIDENCE:
        raise TableError(f"{place}: confidence {row['confidence']!r} is none of H, M, L")
    try:
        begin, end = (day_of(row.get(name, "")) for name in ("valid_from", "valid_to"))
    except ValueError as error:
        raise TableError(f"{place}: {error}") from error
    if begin is not None and end is not None and end < begin:
        raise TableError(f"{place}: valid_to lies before valid_from")
    return row


_LIMITS = ("name", "value", "valid_from", "valid_to", "region", "source", "confidence")


def limit(path: Path, name: str, on: date) -> int:
    """A limit in force on a day. Raises LookupError if none is."""
    for row in rows(path, _LIMITS, frozenset({"valid_to"})):
        if row["name"] == name and in_force(row, on):
            return int(row["value"])
    raise LookupError(name)


def day_of(text: str) -> date | None:
    """A day in ISO 8601; empty is None."""
    return date.fromisoformat(text) if text else None


def in_force(row: Row, on: date) -> bool:
    """Whether a dated row applies on a day; an empty `valid_to` has no end."""
    day = on.isoformat()
    return row["valid_from"] <= day and (not row["valid_to"] or day <= row["valid_to"])
