"""Numbers of persons: the identity number (GB 11643), the longer tax number that holds one, and the
number of fifteen digits of before 1999. Pure.
"""

import re
from datetime import date
from functools import cache
from pathlib import Path

from adapters.contract.tables import rows

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_NUMBER = re.compile(r"\d{17}[\dX]", re.ASCII)
_OLD_NUMBER = re.compile(r"\d{15}", re.ASCII)
_YEARS = range(1800, 2100)
_PLACES, _LONGER = 18, 20


@cache
def divisions() -> frozenset[str]:
    """The first four digits of every division of GB/T 2260 down to the prefecture, of today and of
    before: codes and numbers keep theirs for life.
    """
    columns = ("division", "valid_from", "valid_to", "source", "confidence")
    table = rows(
        Path(__file__).with_name("data") / "divisions.csv", columns, frozenset({"valid_to"})
    )
    known = frozenset(row["division"] for row in table)
    return known | {division[:2] + "00" for division in known}


@cache
def provinces() -> frozenset[str]:
    """The first two digits of every division; 10 stands for the whole country."""
    return frozenset(division[:2] for division in divisions())


def identity_check_character(first17: str) -> str:
    """Check character of GB 11643 (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(c) * w for c, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def has_form(value: str) -> bool:
    """Whether eighteen places are formed as an identity number: a province, a day of birth, three
    digits, and a place for the check character, whether that fits or not.
    """
    return (
        _NUMBER.fullmatch(value) is not None
        and value[:2] in provinces()
        and _is_day(int(value[6:10]), value[10:14])
    )


def is_resident_number(value: str) -> bool:
    """Whether a normalised text is a person's identity number: it never travels in a URL."""
    return has_form(value) and identity_check_character(value[:17]) == value[17]


def is_personal(value: str) -> bool:
    """Whether a normalised text is a person's number, also as a tax number of twenty places (an
    identity number and two digits).
    """
    if len(value) == _LONGER and value[_PLACES:].isdigit():
        return has_form(value[:_PLACES])
    return is_resident_number(value)


def is_old_number(value: str) -> bool:
    """Whether fifteen digits are formed as an identity number of before 1999. They have no check
    character: some registration numbers are formed so too.
    """
    return (
        _OLD_NUMBER.fullmatch(value) is not None
        and value[:4] in divisions()
        and _is_day(1900 + int(value[6:8]), value[8:12])
    )


def _is_day(year: int, month_and_day: str) -> bool:
    if year not in _YEARS:
        return False
    try:
        date(year, int(month_and_day[:2]), int(month_and_day[2:]))
    except ValueError:
        return False
    return True
