"""Refusals of this room."""

from app.core.errors import Conflict, NotFound


class OperationUnknown(NotFound):
    code = "operation.unknown"


class OperationWaits(Conflict):
    code = "operation.waits"
    retryable = True


class OperationOver(Conflict):
    code = "operation.over"
