"""Refusals about saved filters."""

from app.core.errors import Conflict, NotFound


class FilterUnknown(NotFound):
    code = "filter.unknown"


class FiltersTooMany(Conflict):
    """He has saved as many as he may."""

    code = "filter.too_many"
