"""Rights in sections: the tables agree with each other, and what follows from them."""

from datetime import date

import pytest

from app.catalogue import authority
from app.catalogue.service import catalogue_on
from app.organisations.departments import DEPARTMENTS

SECTIONS = catalogue_on(date(2026, 11, 28)).classes


def test_every_section_has_its_kind_and_every_code_its_words():
    assert set(authority.KINDS_OF_SECTIONS) == set(SECTIONS)
    codes = set()
    for kind in authority.KINDS_OF_SECTIONS.values():
        codes |= {f"stage.{kind.stage}", f"category.{kind.category}", f"owner.{kind.owner_kind}"}
        codes |= {f"quality.{kind.quality}"}
        for department, rights in authority.rights_in(kind.name).items():
            assert department in DEPARTMENTS
            codes |= {f"right.{right}" for right in rights}
    for section, rows in SECTIONS.items():
        codes |= {f"mark.{mark}" for field in rows for mark in authority.marks_of(section, field)}
    assert codes <= set(authority.WORDS)
    assert {name for name in authority.WORDS if name.startswith(("mark.", "right."))} <= codes


def test_every_marked_field_is_one():
    marked = {(s, f) for s, rows in SECTIONS.items() for f in rows if authority.marks_of(s, f)}
    assert len(marked) == 6


@pytest.mark.parametrize(
    ("department", "sections", "without"),
    [
        ("registration", ["registration"], []),
        ("market_regulation", ["registration"], ["registration"]),
        ("market_regulation", None, ["drug", "food", "registration", "special_equipment"]),
        ("tax", ["tax"], ["tax"]),
        ("tax", None, ["tax"]),
        ("tax", ["registration"], ["registration"]),
        ("fire", ["fire", "fire_drills"], []),
        ("fire", None, []),
        ("culture", ["culture"], []),
    ],
)
def test_who_lets_be_shared_onward(department, sections, without):
    assert authority.untransferable(department, sections) == without


def test_offices_of_which_tier_tell_a_section():
    assert authority.is_told_at("customs", "city")
    assert not authority.is_told_at("customs", "county")
    assert authority.is_told_at("of_no_row", "county")
