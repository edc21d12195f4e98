"""Legal limits are dated data."""

from datetime import date

import pytest

from app.inspections.repository import limit


def test_a_limit_holds_from_its_day_on():
    assert limit("fewest_officers", date(2026, 11, 22)) == 2
    for name, day in (("fewest_officers", date(2021, 7, 14)), ("nothing", date(2026, 11, 22))):
        with pytest.raises(LookupError):
            limit(name, day)
