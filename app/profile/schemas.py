"""The profile as it leaves: structs that encode fast and give the OpenAPI components."""

from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType
from pydantic import BaseModel, ConfigDict, Field

from app.profile.request import (
    LONGEST_IDENTIFIER,
    LONGEST_PURPOSE,
    LONGEST_SITE,
    LONGEST_TASK,
    SITE_PATTERN,
)


class Text(Struct, frozen=True):
    """A text in both languages."""

    zh: str
    en: str


class ReasonText(Struct, frozen=True, omit_defaults=True):
    """Why, and what to do now."""

    code: str
    text: Text
    what_now: Text
    detail: str | None = None


class SiteChoice(Struct, frozen=True, omit_defaults=True):
    """A premises to choose from."""

    site_ref: str
    name: str | None = None
    address: str | None = None


class LastKnown(Struct, frozen=True):
    """What was last known, where nothing current came."""

    answer: str
    as_of: datetime | None


class HeadlineAnswer(Struct, frozen=True, omit_defaults=True):
    """yes | no | not_required | unknown, with fact, source and time."""

    answer: str
    section: str
    fact: Text | None = None
    as_of: datetime | None = None
    reason: ReasonText | None = None
    last_known: LastKnown | None = None
    sites: list[SiteChoice] = []


class Headline(Struct, frozen=True):
    """The three questions of the shop door."""

    registered: HeadlineAnswer
    taxes_on_time: HeadlineAnswer
    fire_permit: HeadlineAnswer


class Finding(Struct, frozen=True):
    """Something an officer should notice; derived, cites what it rests on."""

    code: str
    severity: str
    text: Text
    cites: list[str]


class ToldValue(Struct, frozen=True):
    """What one section tells of an element."""

    section: str
    value: str
    as_of: datetime | None


class ConflictRead(Struct, frozen=True):
    """An element that must agree and does not."""

    element: str
    values: list[ToldValue]
    authoritative: str
    meaning: Text
    ticket: str | None = None


class Hidden(Struct, frozen=True, rename={"level": "class"}):
    """A field that is withheld or masked, and by which rule."""

    pointer: str
    level: int
    reason: str
    text: Text
    what_now: Text


class SectionRead(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A department's part: outcome, source, age and reason for everything."""

    outcome: str
    department: str
    title: Text
    adapter: str
    scope: str
    elapsed_ms: int
    reason: ReasonText | None = None
    site_ref: str | None = None
    as_of: datetime | None = None
    fetched_at: datetime | None = None
    age_s: int | None = None
    attempts: int = 0
    catalogue: str | None = None
    agreement: str | None = None
    data: dict[str, Any] | UnsetType = UNSET
    withheld: list[Hidden] = []
    masked: list[Hidden] = []
    classes: list[int] = []
    source_digest: str | None = None


class Completeness(Struct, frozen=True):
    """How complete the answer is; `answered` counts departments that spoke now."""

    asked: int
    answered: int
    stale: list[str]
    not_applicable: list[str]
    missing: list[str]
    required_missing: list[str]


class BusinessRead(Struct, frozen=True):
    """The identifier as understood."""

    value: str
    scheme: str
    checks: dict[str, str]
    alternatives: list[str]
    site: str | None


class TraceRead(Struct, frozen=True):
    """The look-up's own entry; promise and receipt are null until the log is built."""

    entry: str
    promise: str | None = None
    receipt: str | None = None


class PurposeRead(Struct, frozen=True):
    """Why this was looked up."""

    purpose: str
    task: str | None


class ClosingRead(Struct, frozen=True):
    """The last line of a streamed profile: everything that rests on more than one section."""

    business_id: BusinessRead
    name: str | None
    headline: Headline
    findings: list[Finding]
    conflicts: list[ConflictRead]
    completeness: Completeness
    purpose: PurposeRead
    trace: TraceRead
    generated_at: datetime
    elapsed_ms: int
    expires_at: datetime
    etag: str


class SectionAlone(Struct, frozen=True):
    """One section, asked alone and patiently."""

    business_id: BusinessRead
    name: str
    section: SectionRead
    purpose: PurposeRead
    trace: TraceRead
    generated_at: datetime
    elapsed_ms: int


class Profile(ClosingRead, frozen=True):
    """One merged inspection profile."""

    sections: dict[str, SectionRead]


class BatchItem(BaseModel):
    """One look-up of a day's route."""

    model_config = ConfigDict(extra="forbid")

    business_id: str = Field(min_length=1, max_length=LONGEST_IDENTIFIER)
    task: str | None = Field(None, max_length=LONGEST_TASK)
    site: str | None = Field(None, max_length=LONGEST_SITE, pattern=SITE_PATTERN)


class BatchRequest(BaseModel):
    """A day's route."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(min_length=1, max_length=LONGEST_PURPOSE)
    view: Literal["full", "summary"] = "summary"
    items: list[BatchItem] = Field(min_length=1, max_length=200)
