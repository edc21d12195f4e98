"""Roles as data: what they are called, which exclude each other (三员分立), who may give them, and
when somebody has one. Pure.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from adapters.contract.days import CHINA_TIME
from adapters.contract.tables import rows
from adapters.contract.words import Words
from auth.principal import Role

_COLUMNS = (
    "role", "zh", "en", "excludes", "granted_by", "enrolled_by", "valid_from", "source",
    "confidence",
)  # fmt: skip
HOURS = r"^([1-7]{1,7} )?([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
"""Working hours: days of the week (1 is Monday) and times of China; `12345 08:30-17:30`."""


@dataclass(frozen=True, slots=True)
class RoleKind:
    """One role. `excludes`: nobody has both at any moment; `granted_by`: who may give it;
    `enrolled_by`: who may let somebody who has it sign on, beside the operator.
    """

    words: Words
    excludes: frozenset[Role]
    granted_by: frozenset[Role]
    enrolled_by: frozenset[Role]


def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(name) for name in text.split())


_TABLE = Path(__file__).with_name("data") / "roles.csv"
KINDS: dict[Role, RoleKind] = {
    Role(row["role"]): RoleKind(
        Words(row["zh"], row["en"]),
        _roles(row["excludes"]),
        _roles(row["granted_by"]),
        _roles(row["enrolled_by"]),
    )
    for row in rows(
        Path(__file__).with_name("data") / "roles.csv",
        _COLUMNS,
        frozenset({"excludes", "enrolled_by"}),
    )
}


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """That somebody has a role from one instant to another (None: without end), in working hours.
    `by` is who delegated it: it is had no longer than he has it himself.
    """

    role: Role
    valid_from: datetime
    valid_to: datetime | None = None
    hours: str = ""
    by: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it is had now; of a delegated one, as far as it says itself."""
        begun = self.valid_from <= now
        return (
            begun and (self.valid_to is None or now < self.valid_to) and is_within(self.hours, now)
        )

    def overlaps(self, other: "RoleGrant") -> bool:
        """Whether there is a moment at which both are had, whatever their hours."""
        if any(g.valid_to is not None and g.valid_to <= g.valid_from for g in (self, other)):
            return False  # it ended before it began
        first, second = sorted((self, other), key=lambda grant: grant.valid_from)
        return first.valid_to is None or second.valid_from < first.valid_to


def is_within(hours: str, now: datetime) -> bool:
    """Whether an instant lies within working hours; those that end before they begin go on past
    midnight. None means always.
    """
    if not hours:
        return True
    days, _, span = hours.rpartition(" ")
    begin, end = (time.fromisoformat(part) for part in span.split("-"))
    local = now.astimezone(CHINA_TIME)
    day, at = local.isoweekday(), local.time()
    if begin <= end:
        inside = begin <= at < end
    else:
        inside = at >= begin or at < end
        if at < end:
            day = (day - 2) % 7 + 1  # the shift began the day before
    return inside and (not days or str(day) in days)


def check_hours(text: str) -> str:
    """The text itself. Raises ValueError where it is no working hours."""
    if not re.fullmatch(HOURS, text):
        raise ValueError("hours are written as 08:30-17:30 or 12345 08:30-17:30")
    return text


def exclusion(wanted: RoleGrant, had: tuple[RoleGrant, ...]) -> Role | None:
    """A role had at some moment of the wanted one that excludes it; None if there is none."""
    for grant in had:
        if grant.role in KINDS[wanted.role].excludes and wanted.overlaps(grant):
            return grant.role
    return None
