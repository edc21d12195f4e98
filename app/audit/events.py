"""The vocabulary of the trace and the canonical form of an entry (RFC 8785 for the values used
here). Pure.
"""

import hashlib
import hmac
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

VERSION = 1
LONGEST = 2048


class Event(Struct, frozen=True):
    """One happening. `actor` and `subject` are turned into keyed references before they are
    stored.
    """

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
    source_digests: dict[str, str] = {}
    outcome: str = "ok"
    staleness: str = ""
    request_id: str = ""
    object_ref: str = ""


@lru_cache(maxsize=16_384)
def reference(secret: bytes, kind: str, value: str, year: int) -> str:
    """A keyed reference of this year: the same person or business is recognised, its identity is
    not stored.
    """
    if not value:
        return ""
    return hmac.digest(secret, f"{kind}:{year}:{value}".encode(), hashlib.sha256).hex()[:32]


def canonical(event: Event, secret: bytes, at: datetime) -> str:
    """The entry as stored: sorted keys, no blanks, empty values left out, at most 2 KB."""
    year = at.year
    values: dict[str, Any] = {
        "v": VERSION,
        "at": moment(at),
        "actor_ref": reference(secret, "actor", event.actor, year),
    }
    for name in _COPIED:
        value = getattr(event, name)
        if value:
            values[name] = value
    if event.subject:
        values["subject_ref"] = reference(secret, "subject", event.subject, year)
    text = _encoded(values)
    for name in ("source_digests", "departments", "agreement"):
        if len(text) > LONGEST and name in values:
            values[name] = "sha-256:" + hashlib.sha256(_encoded(values[name])).hexdigest()
            text = _encoded(values)
    return text.decode()


def moment(at: datetime) -> str:
    """An instant in UTC as entries write it, in milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_COPIED = tuple(name for name in Event.__struct_fields__ if name not in {"actor", "subject"})
_encoded = msgspec.json.Encoder(order="sorted").encode
