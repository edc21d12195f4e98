"""How long what is given lasts: dated data, not code."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from adapters.contract import tables
from app.core.clock import local_date

_LIMITS = Path(__file__).parents[1] / "data" / "limits.csv"
Lasting = Literal["one_time_code_minutes", "person_token_minutes", "client_token_minutes"]


def lasting(name: Lasting, now: datetime) -> timedelta:
    """How long one of them lasts that is given now."""
    return timedelta(minutes=tables.limit(_LIMITS, name, local_date(now)))
