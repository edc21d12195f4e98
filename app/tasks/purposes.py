"""Purposes of a look-up: dated rows of one table that tasks, standing and routes read. Pure."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adapters.contract.tables import day_of, rows

_COLUMNS = (
    "name", "needs_task", "region_bound", "roles", "opened_by", "longest_hours", "sealed",
    "told_as", "counts_only", "zh", "en", "valid_from", "valid_to", "source", "confidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data is read. `needs_task`: only with an open task for this business; `region_bound`:
    elsewhere than in the caller's region it leaves class 4; `roles`: who may have this purpose;
    `opened_by`: who opens and approves tasks for it, of `longest_hours` at most; `sealed`: whoever
    has none of its roles learns nothing of it, nobody has it explained, and departments are told
    another name (`told_as`) and no unit; `counts_only`: it opens
    counts over class 1 and no profile.
    """

    name: str
    needs_task: bool
    region_bound: bool
    roles: frozenset[str]
    opened_by: frozenset[str]
    longest_hours: int
    sealed: bool
    told_as: str
    counts_only: bool
    zh: str
    en: str
    valid_from: date
    valid_to: date | None

    def in_force(self, on: date) -> bool:
        """Whether anybody may have this purpose on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def is_known_to(self, roles: AbstractSet[str]) -> bool:
        """Whether somebody with these roles may know of what is done for it."""
        return not self.sealed or not self.roles.isdisjoint(roles)


def _purpose(row: dict[str, str]) -> Purpose:
    return Purpose(
        row["name"],
        row["needs_task"] == "yes",
        row["region_bound"] == "yes",
        frozenset(row["roles"].split()),
        frozenset(row["opened_by"].split()),
        int(row["longest_hours"] or 0),
        row["sealed"] == "yes",
        row["told_as"] or row["name"],
        row["counts_only"] == "yes",
        row["zh"],
        row["en"],
        date.fromisoformat(row["valid_from"]),
        day_of(row["valid_to"]),
    )


_TABLE = Path(__file__).with_name("data") / "purposes.csv"
_MAY_BE_EMPTY = frozenset({"opened_by", "longest_hours", "told_as", "valid_to"})
PURPOSES: dict[str, Purpose] = {
    row["name"]: _purpose(row) for row in rows(_TABLE, _COLUMNS, _MAY_BE_EMPTY)
}
SEALED = frozenset(name for name, purpose in PURPOSES.items() if purpose.sealed)
ANALYSIS = "analysis"
PROFILE_PURPOSES = tuple(p.name for p in PURPOSES.values() if not p.counts_only)
"""Those for which a profile is looked up."""
TASK_PURPOSES = tuple(p.name for p in PURPOSES.values() if p.needs_task)
"""Those for which a task can be opened."""


def sealed_from(roles: AbstractSet[str]) -> frozenset[str]:
    """Purposes that nobody with these roles alone may know of."""
    return frozenset(name for name, purpose in PURPOSES.items() if not purpose.is_known_to(roles))
