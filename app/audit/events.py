"""The vocabulary of the audit trail and the canonical form of an entry (RFC 8785 for the values
used here). Pure.
"""

import hashlib
import hmac
import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from adapters.contract.words import Words, words_of


class EventName(StrEnum):
    """What can have happened: room, thing, and what became of it. Each has words in
    `data/events.csv`; an event without a name here cannot be written.
    """

    PROFILE_VIEWED = "profile.business.viewed"
    PROFILE_ABANDONED = "profile.business.abandoned"
    SECTION_VIEWED = "profile.section.viewed"
    FIELDS_UNMASKED = "profile.fields.unmasked"
    SECTION_FAILED = "profile.section.failed"
    SECTION_REFILLED = "profile.section.refilled"
    TEXT_RESOLVED = "businesses.text.resolved"
    REQUEST_REFUSED = "gateway.request.refused"
    GLASS_BROKEN = "tasks.glass.broken"
    GLASS_REVIEWED = "tasks.glass.reviewed"
    JOB_RUN = "operations.job.run"
    WEBHOOK_REGISTERED = "delivery.webhook.registered"
    WEBHOOK_PROVED = "delivery.webhook.proved"
    WEBHOOK_ROTATED = "delivery.webhook.rotated"
    WEBHOOK_DROPPED = "delivery.webhook.dropped"
    WEBHOOK_STOPPED = "delivery.webhook.stopped"
    WEBHOOKS_READ = "delivery.webhook.read"
    RECORD_SUBMITTED = "inspections.record.submitted"
    RECORD_VIEWED = "inspections.record.viewed"
    RECORD_CONFIRMED = "inspections.record.confirmed"
    RECORD_DENIED = "inspections.record.denied"
    RECORDS_LISTED = "inspections.record.listed"
    RECORDS_PULLED = "supervision.records.pulled"
    RULE_SWITCHED = "catalogue.rule.switched"
    AGGREGATE_VIEWED = "supervision.aggregate.viewed"
    ENTRIES_READ = "audit.entries.read"
    TASKS_READ = "tasks.tasks.read"
    TASK_OPENED = "tasks.task.opened"
    TASK_APPROVED = "tasks.task.approved"
    TASK_LOCATED = "tasks.task.located"
    TASK_CLOSED = "tasks.task.closed"
    PEOPLE_IMPORT_TRIED = "organisations.people.import_tried"
    PEOPLE_IMPORTED = "organisations.people.imported"
    PEOPLE_IMPORT_UNDONE = "organisations.people.import_undone"
    OFFICERS_READ = "organisations.officers.read"
    AGREEMENTS_READ = "agreements.agreements.read"
    AGREEMENT_DRAFTED = "agreements.agreement.drafted"
    AGREEMENT_SUBMITTED = "agreements.agreement.submitted"
    AGREEMENT_SIGNED = "agreements.agreement.signed"
    AGREEMENT_REJECTED = "agreements.agreement.rejected"
    AGREEMENT_SUSPENDED = "agreements.agreement.suspended"
    AGREEMENT_RESUMED = "agreements.agreement.resumed"
    AGREEMENT_ARCHIVED = "agreements.agreement.archived"
    DECISION_EXPLAINED = "agreements.decision.explained"
    PEOPLE_READ = "organisations.people.read"
    UNIT_REGISTERED = "organisations.unit.registered"
    UNIT_CHANGED = "organisations.unit.changed"
    UNIT_SUSPENDED = "organisations.unit.suspended"
    UNIT_RESUMED = "organisations.unit.resumed"
    PERSON_REGISTERED = "organisations.person.registered"
    PERSON_CHANGED = "organisations.person.changed"
    PERSON_SUSPENDED = "organisations.person.suspended"
    PERSON_RESUMED = "organisations.person.resumed"
    CODE_GIVEN = "organisations.code.given"
    CODE_USED_AGAIN = "organisations.code.used_again"
    CLIENT_KEYS_CHANGED = "organisations.client_keys.changed"
    SIGNED_ON = "organisations.sign_on.taken"
    SIGNED_OUT = "organisations.sign_on.ended"
    SIGN_ONS_ENDED = "organisations.sign_ons.ended"
    SIGNING_KEY_ROTATED = "organisations.signing_key.rotated"
    SIGNING_KEY_REVOKED = "organisations.signing_key.revoked"
    ROLE_GRANTED = "organisations.role.granted"
    ROLE_DELEGATED = "organisations.role.delegated"
    ROLE_ENDED = "organisations.role.ended"
    OFFICER_REGISTERED = "organisations.officer.registered"
    ADAPTERS_READ = "registry.adapters.read"
    ADAPTER_REGISTERED = "registry.adapter.registered"
    ADAPTER_UPDATED = "registry.adapter.updated"
    ADAPTER_CREDENTIALS_STORED = "registry.adapter.credentials_stored"
    ADAPTER_CREDENTIALS_RESEALED = "registry.adapter.credentials_resealed"
    ADAPTER_EXAMINATION_REQUESTED = "registry.adapter.examination_requested"
    ADAPTER_EXAMINED = "registry.adapter.examined"
    ADAPTER_SUBMITTED = "registry.adapter.submitted"
    ADAPTER_PUBLISHED = "registry.adapter.published"
    ADAPTER_REJECTED = "registry.adapter.rejected"
    ADAPTER_SHARE_CHANGED = "registry.adapter.share_changed"
    ADAPTER_SUSPENDED = "registry.adapter.suspended"
    ADAPTER_RESUMED = "registry.adapter.resumed"
    ADAPTER_RETIRED = "registry.adapter.retired"
    RESULT_SENT = "delivery.result.sent"
    RESULT_RECEIVED = "delivery.result.received"
    RESULT_REFUSED = "delivery.result.refused"
    RESULT_GIVEN_UP = "delivery.result.given_up"
    RESULT_RETRIED = "delivery.result.retried"
    RESULT_DROPPED = "delivery.result.dropped"
    DELIVERIES_READ = "delivery.results.read"
    OPERATION_CANCELLED = "operations.operation.cancelled"


VERSION = 1
LONGEST = 2048
_LONGEST_VALUE = 256
_GRAMMAR = re.compile(r"[a-z]+(\.[a-z_]+){2}")


def _vocabulary() -> dict[EventName, Words]:
    """Words of every event. Raises ValueError for one without words, or of another form."""
    words = words_of(Path(__file__).with_name("data") / "events.csv")
    odd = {name for name in EventName if not _GRAMMAR.fullmatch(name)}
    if odd or set(words) != set(EventName):
        raise ValueError(f"events and their words differ: {odd | set(words) ^ set(EventName)}")
    return {name: words[name] for name in EventName}


VOCABULARY = _vocabulary()
"""Every event and its words."""


class Event(Struct, frozen=True):
    """One happening. `actor` and `subject` are turned into keyed references before they are
    stored.
    """

    event: EventName
    actor: str
    subject: str = ""
    role: str = ""
    unit: str = ""
    region: str = ""
    """Where whoever acted belongs (division code); empty: the deployment's."""
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
    trace_id: str = ""
    object_ref: str = ""
    peer: str = ""
    """The network of a stranger; of callers who are known, who they are counts."""
    count: int = 0
    first: str = ""
    last: str = ""
    """How many like it one entry stands for, and when they came."""


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
        if isinstance(value, str) and len(value) > _LONGEST_VALUE:
            value = digest_of(value.encode())  # a claim of any length, or what somebody typed
        if value:
            values[name] = value
    if event.subject:
        values["subject_ref"] = reference(secret, "subject", event.subject, year)
    text = _encoded(values)
    for name in ("departments", "agreement", "source_digests"):
        if len(text) > LONGEST and name in values:
            values[name] = digest_of(_encoded(values[name]))
            text = _encoded(values)
    return text.decode()


def digest_of(content: bytes) -> str:
    """What stands for a content that is too long, or that is not to be told."""
    return "sha-256:" + hashlib.sha256(content).hexdigest()


def moment(at: datetime) -> str:
    """An instant in UTC as entries write it, in milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_COPIED = tuple(name for name in Event.__struct_fields__ if name not in {"actor", "subject"})
_encoded = msgspec.json.Encoder(order="sorted").encode
