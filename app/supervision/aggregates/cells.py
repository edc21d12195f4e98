"""Cells of a count: read as a department tells them, and hidden where they are small. Pure.

A small count says something about somebody (M17-097). It can also be had as a difference: of a line
of which one cell is hidden and the sum is known. So at least two cells of such a line are hidden,
and together they are no small count either.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

from adapters.contract.errors import AdapterMalformed

SMALLEST = 5
MOST_CELLS = 5_000
_LONGEST_KEY = 100
_LARGEST = 10**15


@dataclass(frozen=True, slots=True)
class Cell:
    """One count; None is hidden. The key has a value for each dimension."""

    key: tuple[str, ...]
    count: int | None


class Counts(NamedTuple):
    """What a department told: its cells, and below which count it hides them."""

    cells: tuple[Cell, ...]
    least: int


def read_counts(told: Any, dimensions: int) -> Counts:
    """The cells of an answer. Raises `AdapterMalformed` for any other form, also for a minimum
    below ours, and for one key twice.
    """
    if not isinstance(told, dict) or not isinstance(told.get("cells"), list):
        raise AdapterMalformed("schema_violation", "there are no cells")
    least, rows = told.get("minimum_cell"), told["cells"]
    if type(least) is not int or not SMALLEST <= least <= _LARGEST:
        raise AdapterMalformed("schema_violation", f"minimum_cell is below {SMALLEST}")
    if len(rows) > MOST_CELLS:
        raise AdapterMalformed("too_complex", f"{len(rows)} cells")
    cells = tuple([_cell(row, dimensions) for row in rows])
    if len({cell.key for cell in cells}) != len(cells):
        raise AdapterMalformed("schema_violation", "a key stands there twice")
    return Counts(cells, least)


def _cell(row: Any, dimensions: int) -> Cell:
    if not isinstance(row, dict):
        raise AdapterMalformed("schema_violation", "a cell is no object")
    key, count = row.get("key"), row.get("count")
    fits = isinstance(key, list) and len(key) == dimensions
    if not fits or not all(isinstance(k, str) and len(k) <= _LONGEST_KEY for k in key or ()):
        raise AdapterMalformed("schema_violation", "a key is no list of short texts")
    if count is not None and (type(count) is not int or not 0 <= count <= _LARGEST):
        raise AdapterMalformed("schema_violation", "a count is no whole number")
    return Cell(tuple(key or ()), count)


def protected(counts: Counts) -> tuple[Cell, ...]:
    """The cells that may be told, by their keys: hidden below the minimum, and as many more as it
    takes that no hidden one, and no small sum of them, is the difference of what is told.
    """
    known = {cell.key: cell.count for cell in counts.cells}
    hidden = {key for key, count in known.items() if count is None or count < counts.least}
    lines = _lines(list(known))
    grew = bool(hidden)
    while grew:
        grew = False
        for line in lines:
            more = _more(line, known, hidden, counts.least)
            hidden |= more
            grew = grew or bool(more)
    return tuple(Cell(key, None if key in hidden else known[key]) for key in sorted(known))


def _lines(keys: list[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
    """Cells that differ in one dimension alone; their sum may be known from another question."""
    found: dict[Hashable, list[tuple[str, ...]]] = {}
    for key in keys:
        for place in range(len(key)):
            found.setdefault((place, key[:place], key[place + 1 :]), []).append(key)
    return [sorted(line) for line in found.values()]


def _more(
    line: list[tuple[str, ...]],
    known: dict[tuple[str, ...], int | None],
    hidden: set[tuple[str, ...]],
    least: int,
) -> set[tuple[str, ...]]:
    """The smallest further cells of a line that have to be hidden with those that are."""
    away = [key for key in line if key in hidden]
    if not away:
        return set()
    total, number, more = sum(known[key] or 0 for key in away), len(away), set()
    for count, key in sorted((known[key] or 0, key) for key in line if key not in hidden):
        if number > 1 and total >= least:
            break
        more.add(key)
        number, total = number + 1, total + count
    return more
