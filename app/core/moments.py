"""Instants as requests may give them: aware, and within centuries that every time zone and database
can hold.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def _plausible(instant: datetime) -> datetime:
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        bounds = {"first": _FIRST_YEAR, "last": _LAST_YEAR}
        raise PydanticCustomError("implausible_year", "implausible year", bounds)
    return instant


Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]
