"""The profile as it leaves: structs that encode fast and give the OpenAPI components."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from pydantic import BaseModel, ConfigDict, Field

from adapters.contract import Outcome
from adapters.contract.business_id import Unusual
from adapters.contract.convert import Wanted
from adapters.contract.words import Words
from app.businesses.schemas import Business
from app.core.schemas import Problem
from app.profile.request import (
    LONGEST_IDENTIFIER,
    LONGEST_PURPOSE,
    LONGEST_SITE,
    LONGEST_TASK,
    SITE_PATTERN,
)
from app.tasks.purposes import PROFILE_PURPOSES

PurposeName = Annotated[str, Meta(extra_json_schema={"enum": list(PROFILE_PURPOSES)})]
Verdict = Literal["yes", "no", "not_required", "unknown"]
Severity = Literal["serious", "attention"]


class ReasonText(Struct, frozen=True, omit_defaults=True):
    """Why, and what to do now."""

    code: str
    text: Words
    what_now: Words
    detail: str | None = None


class SiteChoice(Struct, frozen=True, omit_defaults=True):
    """A premises to choose from."""

    site_ref: str
    name: str | None = None
    address: str | None = None


class LastKnown(Struct, frozen=True):
    """What was last known, where nothing current came."""

    answer: Verdict
    as_of: datetime | None


class HeadlineAnswer(Struct, frozen=True, omit_defaults=True):
    """yes | no | not_required | unknown, with fact, source and time."""

    answer: Verdict
    section: str
    fact: Words | None = None
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
    severity: Severity
    text: Words
    cites: list[str]


class SourcedValue(Struct, frozen=True):
    """What one section tells of an element."""

    section: str
    value: str
    as_of: datetime | None


class ConflictRead(Struct, frozen=True):
    """An element that must agree and does not."""

    element: str
    values: list[SourcedValue]
    authoritative: str
    meaning: Words
    ticket: str | None = None


class Hidden(Struct, frozen=True, rename={"level": "class"}):
    """A field that is withheld or masked, and by which rule."""

    pointer: str
    level: int
    reason: str
    text: Words
    what_now: Words


class UnreadableRead(Struct, frozen=True):
    """A field that the department told in a way that cannot be read; it is left out, and its value
    is not told.
    """

    pointer: str
    wanted: Wanted
    text: Words


Basis = Literal["only", "task", "site", "registration", "caller"]
"""What tells which office is asked: there is only one, or the region of this."""


class OfficeRead(Struct, frozen=True, omit_defaults=True):
    """Which office was asked and why, where a section has several or two versions: the division
    code it serves, what told the region (`only`: it is the only office), whether it is the
    candidate version.
    """

    region: str
    basis: Basis
    candidate: bool = False


class SectionRead(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A department's part: outcome, source, age and reason for everything. `contact` is whom to
    tell where the department did not answer now, if it has named somebody.
    """

    outcome: Outcome
    department: str
    title: Words
    adapter: str
    scope: Literal["entity", "site"]
    elapsed_ms: int
    reason: ReasonText | None = None
    contact: str | None = None
    site_ref: str | None = None
    as_of: datetime | None = None
    as_of_basis: Literal["received"] | None = None
    """Where the source tells no time: what it says is as old as its answer."""
    fetched_at: datetime | None = None
    age_s: int | None = None
    attempts: int = 0
    catalogue: str | None = None
    agreement: str | None = None
    office: OfficeRead | None = None
    data: dict[str, Any] | UnsetType = UNSET
    withheld: list[Hidden] = []
    masked: list[Hidden] = []
    unreadable: list[UnreadableRead] = []
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


class AuditRead(Struct, frozen=True):
    """The look-up's own entry in the audit trail; promise and receipt are null until the log is
    built.
    """

    entry: str
    promise: str | None = None
    receipt: str | None = None


class PurposeRead(Struct, frozen=True):
    """Why this was looked up."""

    purpose: PurposeName
    task: str | None


class ClosingRead(Struct, frozen=True):
    """Everything that rests on more than one section."""

    business: Business
    name: str | None
    headline: Headline
    findings: list[Finding]
    conflicts: list[ConflictRead]
    completeness: Completeness
    purpose: PurposeRead
    generated_at: datetime
    elapsed_ms: int
    expires_at: datetime
    etag: str


class SectionAlone(Struct, frozen=True):
    """One section, asked alone and patiently."""

    business: Business
    name: str
    section: SectionRead
    headline: dict[str, HeadlineAnswer]
    """The answer that rests on this section, if one does."""
    purpose: PurposeRead
    generated_at: datetime
    elapsed_ms: int
    audit: AuditRead


class Profile(ClosingRead, frozen=True):
    """One merged inspection profile; `audit` comes last."""

    sections: dict[str, SectionRead]
    audit: AuditRead


class ProfileClosing(ClosingRead, frozen=True):
    """The last line of a streamed profile: everything that rests on more than one section."""

    audit: AuditRead


class StreamBegin(Struct, frozen=True):
    """Who is asked, and until when."""

    business_id: str
    asked: list[str]
    deadline_ms: int
    trace_id: str


class StreamedSection(Struct, frozen=True):
    """A section the moment its department answered."""

    name: str
    section: SectionRead


class StreamedHeadline(Struct, frozen=True):
    """One of the three answers, the moment the sections it rests on are in."""

    question: Literal["registered", "taxes_on_time", "fire_permit"]
    answer: HeadlineAnswer


class BatchProfile(Struct, frozen=True):
    """A look-up of a batch; `position` is its place in the request, from 0."""

    position: int
    profile: Profile


class BatchProblem(Struct, frozen=True):
    """A look-up of a batch that came to nothing, and why."""

    position: int
    business_id: str
    problem: Problem


class BatchEnd(Struct, frozen=True):
    """The last line of a batch: how many look-ups were asked for."""

    items: int


class BeginLine(Struct, frozen=True, tag_field="type", tag="begin"):
    """The first line of a stream."""

    value: StreamBegin


class SectionLine(Struct, frozen=True, tag_field="type", tag="section"):
    """A line of a stream: one section."""

    value: StreamedSection


class HeadlineLine(Struct, frozen=True, tag_field="type", tag="headline"):
    """A line of a stream: one of the three answers, as soon as its sections are in."""

    value: StreamedHeadline


class ClosingLine(Struct, frozen=True, tag_field="type", tag="profile"):
    """The last line of a stream: everything that rests on more than one section."""

    value: ProfileClosing


class ProblemLine(Struct, frozen=True, tag_field="type", tag="problem"):
    """A line that ends a stream: a refusal or failure."""

    value: Problem


class BatchProfileLine(Struct, frozen=True, tag_field="type", tag="profile"):
    """A line of a batch: one look-up."""

    value: BatchProfile


class BatchProblemLine(Struct, frozen=True, tag_field="type", tag="problem"):
    """A line of a batch: one look-up that came to nothing."""

    value: BatchProblem


class BatchEndLine(Struct, frozen=True, tag_field="type", tag="end"):
    """The last line of a batch."""

    value: BatchEnd


class BatchStoppedLine(Struct, frozen=True, tag_field="type", tag="stopped"):
    """The last line of a batch that ends before its time: what was not told is to be asked
    again.
    """

    value: Problem


StreamLine = BeginLine | SectionLine | HeadlineLine | ClosingLine | ProblemLine
BatchLine = BatchProfileLine | BatchProblemLine | BatchEndLine | BatchStoppedLine


class BatchItem(BaseModel):
    """One look-up of a day's route."""

    model_config = ConfigDict(extra="forbid")

    business_id: str = Field(min_length=1, max_length=LONGEST_IDENTIFIER)
    unusual: Unusual | None = None
    task: str | None = Field(None, max_length=LONGEST_TASK)
    site: str | None = Field(None, max_length=LONGEST_SITE, pattern=SITE_PATTERN)


class BatchRequest(BaseModel):
    """A day's route."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(min_length=1, max_length=LONGEST_PURPOSE)
    view: Literal["full", "summary"] = "summary"
    items: list[BatchItem] = Field(min_length=1, max_length=200)


class ReasonRead(BaseModel):
    """Why a section is as it is, or an answer of the headline unknown, and what to do now."""

    code: str
    outcome: Outcome | None = Field(description="of the section; null for reasons of the headline")
    text: Words
    what_now: Words


class FindingKindRead(BaseModel):
    """A kind of finding; `text` has `{names}` where a finding has values."""

    code: str
    severity: Severity
    text: Words
