"""What a webhook receives: a CloudEvent (1.0, JSON), signed as Standard Webhooks say. Pure."""

import base64
import json
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook as Signer

SOURCE, TYPE = "urn:onevisit:gateway", "onevisit."
CONTENT_TYPE = "application/cloudevents+json"
CHALLENGE = "webhook.challenge"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A fresh secret in the usual writing (`whsec_…`)."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def event(event_id: str, kind: str, subject: str, at: datetime, data: Any) -> dict[str, Any]:
    """A CloudEvent; `kind` is what a notice is called."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": TYPE + kind,
        "subject": subject,
        "time": at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }


def signed(
    told: dict[str, Any], message_id: str, now: datetime, keys: Iterable[str]
) -> tuple[dict[str, str], bytes]:
    """Headers and body, signed with each of these secrets, so that one may be exchanged for
    another.
    """
    body = json.dumps(told, ensure_ascii=False)
    signatures = [Signer(key).sign(message_id, now, body) for key in keys]
    headers = {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return headers, body.encode()
