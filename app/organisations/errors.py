"""OfficerUnknown, OfficerForeign."""

from app.core.errors import InvalidRequest, NotAllowed


class OfficerUnknown(InvalidRequest):
    code = "officer.unknown"


class OfficerForeign(NotAllowed):
    code = "officer.foreign_department"
