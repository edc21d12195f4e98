"""Which department may tell a section: the one whose duty it is, as dated data. Pure."""

from pathlib import Path

from adapters.contract.tables import rows
from app.core.rules import rule
from app.organisations.departments import DEPARTMENTS

_TELLS: dict[str, frozenset[str]] = {}
for _row in rows(
    Path(__file__).with_name("data") / "section_departments.csv",
    ("section", "department", "valid_from", "source"),
):
    _TELLS[_row["section"]] = _TELLS.get(_row["section"], frozenset()) | {_row["department"]}


def departments_of(section: str) -> frozenset[str]:
    """Departments that may tell a section; empty where it is nobody's by name, and then anybody may
    who has no namesake.
    """
    return _TELLS.get(section, frozenset())


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
