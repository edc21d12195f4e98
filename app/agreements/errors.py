"""Refusals of those who may not ask."""

from app.core.errors import InvalidRequest, NotAllowed


class PurposeUnknown(InvalidRequest):
    code = "profile.purpose_unknown"


class PurposeForeign(NotAllowed):
    code = "profile.purpose_not_yours"


class TaskRequired(InvalidRequest):
    code = "profile.task_required"


class TaskNotYours(NotAllowed):
    code = "profile.task_not_valid"
