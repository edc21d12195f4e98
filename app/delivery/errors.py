"""Refusals of this room."""

from app.core.errors import Conflict, NotFound


class DeliveryUnknown(NotFound):
    code = "delivery.unknown"


class DeliveryOver(Conflict):
    code = "delivery.over"


class DeliveryUnderWay(Conflict):
    code = "delivery.under_way"
    retryable = True
