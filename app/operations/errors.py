"""Refusals of this room."""

from app.core.errors import Conflict, NotFound


class OperationUnknown(NotFound):
    code = "operation.unknown"


class OperationWaits(Conflict):
    code = "operation.waits"
    retryable = True


class OperationOver(Conflict):
    code = "operation.over"


class JobUnknown(NotFound):
    code = "job.unknown"


class JobUnderWay(Conflict):
    code = "job.under_way"
    retryable = True
