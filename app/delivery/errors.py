"""Refusals of this room."""

from app.core.errors import Conflict, InvalidRequest, NotAllowed, NotFound


class DeliveryUnknown(NotFound):
    code = "delivery.unknown"


class DeliveryOver(Conflict):
    code = "delivery.over"


class DeliveryUnderWay(Conflict):
    code = "delivery.under_way"
    retryable = True


class WebhookUnknown(NotFound):
    code = "webhook.unknown"


class WebhookRoleForeign(NotAllowed):
    code = "webhook.role_foreign"


class WebhooksTooMany(Conflict):
    code = "webhook.too_many"


class WebhookAddressInvalid(InvalidRequest):
    code = "webhook.address_invalid"


class WebhookNotProved(Conflict):
    code = "webhook.not_proved"
