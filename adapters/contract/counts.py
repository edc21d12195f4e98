"""Counts over class 1 as a department tells them (`aggregate`), and what of them may be told. Pure.

A small count says something about somebody (M17-097). So may an exact one, as the difference of two
questions: what is told is rounded to the minimum, and of a hidden cell not even the key is told.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from adapters.contract.errors import AdapterMalformed
from adapters.contract.numbers import numbers_of_persons
from adapters.contract.spelling import shown

SMALLEST_CELL = 5
MOST_CELLS = 5_000
_LONGEST_KEY = 100
_LARGEST = 10**15


@dataclass(frozen=True, slots=True)
class Cell:
    """One count; None and 0 are told to nobody. The key has a value for each dimension."""

    key: tuple[str, ...]
    count: int | None


class Counts(NamedTuple):
    """What a department told: its cells, and below which count it hides them."""

    cells: tuple[Cell, ...]
    least: int


class Protected(NamedTuple):
    """Cells that may be told, rounded, by their keys; and how many are hidden."""

    cells: tuple[Cell, ...]
    hidden: int


def read_counts(told: Any, dimensions: int) -> Counts:
    """The cells of an answer. Raises `AdapterMalformed` for any other form, also for a minimum
    below `SMALLEST_CELL`, for one key twice, and for a key that holds the number of a person.
    """
    if not isinstance(told, dict) or not isinstance(told.get("cells"), list):
        raise AdapterMalformed("schema_violation", "there are no cells")
    least, rows = told.get("minimum_cell"), told["cells"]
    if type(least) is not int or not SMALLEST_CELL <= least <= _LARGEST:
        raise AdapterMalformed("schema_violation", f"minimum_cell is below {SMALLEST_CELL}")
    if len(rows) > MOST_CELLS:
        raise AdapterMalformed("too_complex", f"{len(rows)} cells")
    cells = tuple([_cell(row, dimensions, least) for row in rows])
    if len({cell.key for cell in cells}) != len(cells):
        raise AdapterMalformed("schema_violation", "a key stands there twice")
    return Counts(cells, least)


def _cell(row: Any, dimensions: int, least: int) -> Cell:
    if not isinstance(row, dict):
        raise AdapterMalformed("schema_violation", "a cell is no object")
    key, count = row.get("key"), row.get("count")
    if not isinstance(key, list) or len(key) != dimensions:
        raise AdapterMalformed("schema_violation", "a key has not as many parts as were asked for")
    if count is not None and (type(count) is not int or not 0 <= count <= _LARGEST):
        raise AdapterMalformed("schema_violation", "a count is no whole number")
    if count is not None and 0 < count < least:
        raise AdapterMalformed("schema_violation", f"a count is below the minimum of {least}")
    return Cell(tuple([_part(part) for part in key]), count)


def _part(part: Any) -> str:
    if not isinstance(part, str) or len(part) > _LONGEST_KEY:
        raise AdapterMalformed("schema_violation", "a key is no short text")
    if numbers_of_persons(part):
        raise AdapterMalformed("schema_violation", "a key holds the number of a person")
    return shown(part).strip()


def protected(counts: Counts) -> Protected:
    """What may be told: of cells that are not hidden, the nearest multiple of the minimum."""
    least = counts.least
    told = [
        Cell(cell.key, (cell.count + least // 2) // least * least)
        for cell in counts.cells
        if cell.count
    ]
    return Protected(tuple(sorted(told, key=lambda cell: cell.key)), len(counts.cells) - len(told))
