"""What departments may do with a section (M17-160: own, manage, use, transfer), and what kind of
data it is. Dated data. Pure.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adapters.contract.tables import day_of, rows
from adapters.contract.words import Words, words_of
from app.core.rules import rule
from app.organisations.departments import DEPARTMENTS

_DATA = Path(__file__).with_name("data")
OWN, MANAGE, USE, TRANSFER = "own", "manage", "use", "transfer"
"""The four rights: whose it is by duty, who registers the system that tells it, who uses it, who
may consent that it is shared onward.
"""
_RIGHTS: dict[str, dict[str, frozenset[str]]] = {}
for _row in rows(
    _DATA / "section_departments.csv",
    ("section", "department", "rights", "valid_from", "source"),
):
    _of_section = _RIGHTS.setdefault(_row["section"], {})
    _of_section[_row["department"]] = frozenset(_row["rights"].split())
WORDS: dict[str, Words] = words_of(_DATA / "marks.csv")
"""Words of stages, categories, owners, qualities, rights and marks, as `kind.name`."""
_COLUMNS = (
    "section", "zh", "en", "stage", "category", "owner_kind", "tiers", "important", "quality",
    "valid_from", "valid_to", "source", "confidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SectionKind:
    """What kind of data a section is: its stage of life (M17-001), category (M17-121), whose data
    it is, of which tiers of divisions offices tell it, whether it is important data (M17-162), and
    how it comes about (its quality, M21-032).
    """

    name: str
    words: Words
    stage: str
    category: str
    owner_kind: str
    tiers: frozenset[str]
    important: bool
    quality: str
    valid_from: date
    valid_to: date | None
    source: str
    confidence: str


def _kind(row: dict[str, str]) -> SectionKind:
    return SectionKind(
        row["section"],
        Words(row["zh"], row["en"]),
        row["stage"],
        row["category"],
        row["owner_kind"],
        frozenset(row["tiers"].split()),
        row["important"] == "yes",
        row["quality"],
        date.fromisoformat(row["valid_from"]),
        day_of(row["valid_to"]),
        row["source"],
        row["confidence"],
    )


KINDS_OF_SECTIONS: dict[str, SectionKind] = {
    row["section"]: _kind(row)
    for row in rows(_DATA / "sections.csv", _COLUMNS, frozenset({"valid_to"}))
}
_MARKS: dict[tuple[str, str], tuple[str, ...]] = {}
for _row in rows(_DATA / "field_marks.csv", ("section", "field", "mark", "valid_from", "source")):
    _place = (_row["section"], _row["field"])
    _MARKS[_place] = (*_MARKS.get(_place, ()), _row["mark"])
_OTHER = "other"


def kind_of_section(section: str) -> SectionKind:
    """What kind of data a section is; one without a row of its own is as `other`."""
    return KINDS_OF_SECTIONS.get(section) or KINDS_OF_SECTIONS[_OTHER]


def marks_of(section: str, field: str) -> tuple[str, ...]:
    """Marks of a field: `trade_secret` (M21-030), `important`, `personal`."""
    return _MARKS.get((section, field), ())


def rights_in(section: str) -> dict[str, frozenset[str]]:
    """Rights in a section by department; empty where it is nobody's by name."""
    return _RIGHTS.get(section, {})


def departments_of(section: str) -> frozenset[str]:
    """Departments that may tell a section; empty where it is nobody's by name, and then anybody may
    who has no namesake.
    """
    return frozenset(name for name, rights in rights_in(section).items() if MANAGE in rights)


@rule("D-07", without=True)
def may_tell(department: str, section: str) -> bool:
    """Whether a section is this department's to tell. One that is named as another department, or
    begins with its name, is that one's.
    """
    named = departments_of(section)
    if named:
        return department in named
    owner = next(
        (d for d in DEPARTMENTS if section == d or section.startswith(f"{d}_")), department
    )
    return owner == department or department in departments_of(owner)


def is_told_at(section: str, tier: str) -> bool:
    """Whether offices of a tier of divisions tell a section."""
    return tier in kind_of_section(section).tiers


def may_transfer(department: str, section: str) -> bool:
    """Whether a department may consent that a section of its own is shared onward (D-13): it has
    that right by name; in a section of nobody's by name whoever tells it has it.
    """
    rights = rights_in(section)
    return TRANSFER in rights.get(department, frozenset()) if rights else True


def untransferable(department: str, sections: list[str] | None) -> list[str]:
    """Those of some sections (None: of all that it tells by name) that a department may not let be
    shared onward, by name.
    """
    own = sections if sections is not None else [s for s in _RIGHTS if department in _RIGHTS[s]]
    return sorted(section for section in own if not may_transfer(department, section))
