"""Instants as requests may give them: aware, and within centuries that every time zone and database
can hold.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def _plausible(instant: datetime) -> datetime:
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(f"the year must lie between {_FIRST_YEAR} and {_LAST_YEAR}")
    return instant


Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]
