"""The vocabulary of the trace and the canonical form of an entry (RFC 8785 for the values used here). Pure."""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

VERSION = 1
LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Event:
    """One happening. `actor` and `subject` are turned into keyed references before they are stored."""

    event: str
    actor: str
    subject: str = ""
    role: str = ""
    unit: str = ""
    purpose: str = ""
    task: str = ""
    agreement: str = ""
    departments: tuple[str, ...] = ()
    classes: tuple[int, ...] = ()
    fields_mask_digest: str = ""
    filter: str = ""
    response_digest: str = ""
    source_digests: dict[str, str] = field(default_factory=dict)
    outcome: str = "ok"
    staleness: str = ""
    request_id: str = ""
    object_ref: str = ""


def reference(secret: bytes, kind: str, value: str, year: int) -> str:
    """A keyed reference of this year: the same person or business is recognised, its identity is not stored."""
    if not value:
        return ""
    return hmac.digest(secret, f"{kind}:{year}:{value}".encode(), hashlib.sha256).hex()[:32]


def canonical(event: Event, secret: bytes, at: datetime) -> str:
    """The entry as stored: sorted keys, no blanks, empty values left out, at most 2 KB."""
    values: dict[str, Any] = {k: v for k, v in asdict(event).items() if v not in ("", (), {}, None)}
    values["v"] = VERSION
    values["at"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    values["actor_ref"] = reference(secret, "actor", values.pop("actor", ""), at.year)
    if "subject" in values:
        values["subject_ref"] = reference(secret, "subject", values.pop("subject"), at.year)
    text = _encoded(values)
    for name in ("source_digests", "departments", "agreement"):
        if len(text.encode()) > LONGEST and name in values:
            values[name] = "sha-256:" + hashlib.sha256(_encoded(values[name]).encode()).hexdigest()
            text = _encoded(values)
    return text


def _encoded(values: Any) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
