"""Instants as requests may give them: aware, and within centuries that every time zone and database
can hold.
"""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_PLUS_LOST = re.compile(r".*\dT?.*\d{2}:\d{2}.* \d{2}:?\d{2}")


def _plausible(instant: datetime) -> datetime:
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        bounds = {"first": _FIRST_YEAR, "last": _LAST_YEAR}
        raise PydanticCustomError("implausible_year", "implausible year", bounds)
    return instant


def _plus_kept(value: object) -> object:
    """A plus sign in an address is a blank unless it is written %2B."""
    if isinstance(value, str) and _PLUS_LOST.fullmatch(value):
        raise PydanticCustomError("plus_lost", "a plus sign was lost")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_plus_kept), AfterValidator(_plausible)]
