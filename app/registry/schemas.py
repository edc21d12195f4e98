"""Shapes of adapters."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from adapters.contract.convert import Wanted
from adapters.contract.reading import Unreadable
from adapters.contract.words import Words
from adapters.transport.preview import Preview
from app.registry.lifecycle import State


class AdapterRead(BaseModel):
    """An adapter with the manifest of its newest version; credentials are never shown, only whether
    they exist.
    """

    id: str
    department: str
    section: str
    state: State
    version: int
    published_version: int | None
    candidate_version: int | None
    candidate_share: int
    region: str
    axis: str
    callable: bool
    has_credentials: bool
    submitted_by: str | None
    reviewed_by: str | None
    note: str | None
    created_at: datetime
    updated_at: datetime
    manifest: dict[str, Any]


class AdapterMoveRead(BaseModel):
    """What somebody did with an adapter."""

    id: str
    at: datetime
    event: str
    text: Words
    actor: str
    version: int
    reason: str | None = Field(description="as it was given, where one was")
    outcome: Literal["passed", "failed"] | None = Field(None, description="of an exam")


class AdapterImpact(BaseModel):
    """What finds no data any more while an adapter is out of service."""

    agreements: list[str] = Field(description="in force today that concern you, id and version")
    further_agreements: int = Field(description="how many others are in force")
    purposes: list[str] = Field(description="for which these agreements let officers ask")
    open_tasks: int = Field(description="open today in its region, those of sealed purposes apart")


class MeasurementRead(BaseModel):
    """How a department answered every process within a span of minutes."""

    at: datetime = Field(description="when the span begins")
    outcomes: dict[str, int] = Field(description="sections by outcome")
    timed: int = Field(description="attempts whose time was measured")
    p50_ms: int | None = Field(description="null: none was measured")
    p95_ms: int | None


_ONE_LINE = r"^[\x20-\x7e]+$"
"""What a header carries as it is (RFC 9110, 5.5)."""
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"


class CredentialsWrite(BaseModel):
    """Secrets towards the department; which fields are needed depends on the manifest's auth
    kind.
    """

    model_config = ConfigDict(extra="forbid")

    api_key: str | None = Field(None, min_length=1, max_length=500, pattern=_ONE_LINE)
    token: str | None = Field(None, min_length=1, max_length=4000, pattern=_ONE_LINE)
    username: str | None = Field(None, min_length=1, max_length=200, pattern=_NO_CONTROLS)
    password: str | None = Field(None, min_length=1, max_length=500, pattern=_NO_CONTROLS)


class CredentialsRead(BaseModel):
    """That credentials are stored, and since when."""

    stored: list[str]
    updated_at: datetime


class ReasonWrite(BaseModel):
    """Why: shown to the department and kept on record."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=4, max_length=300)


class ApproveWrite(BaseModel):
    """How many businesses the version serves, in percent; below 100 the version in service stays
    beside it.
    """

    model_config = ConfigDict(extra="forbid")

    share: int = Field(100, ge=1, le=100)


class ShareWrite(BaseModel):
    """How many businesses the candidate serves, in percent: 0 ends it, 100 puts it in service."""

    model_config = ConfigDict(extra="forbid")

    share: int = Field(ge=0, le=100)


class PreviewRequest(BaseModel):
    """A manifest with its mapping, and a pasted sample of what the department's system answers."""

    model_config = ConfigDict(extra="forbid")

    manifest: dict[str, Any]
    sample: dict[str, Any] | list[Any] | str = Field(
        description="What the system answers: JSON as it is, anything else as its text"
    )


class UnreadRead(BaseModel):
    """A field of the section that a sample tells in a way that cannot be read; `told` is a code
    that the table lacks.
    """

    pointer: str
    wanted: Wanted
    told: str | None = None

    @classmethod
    def of(cls, row: Unreadable) -> "UnreadRead":
        """As it leaves."""
        return cls(pointer=row.pointer, wanted=row.wanted, told=row.told)


class PreviewRead(BaseModel):
    """The canonical section a sample becomes: `decoded` is what the sample holds, `unreadable` what
    of it was left out.
    """

    section: str
    data: dict[str, Any]
    decoded: Any = None
    unreadable: list[UnreadRead] = []

    @classmethod
    def of(cls, section: str, shown: Preview) -> "PreviewRead":
        """As it leaves."""
        return cls(
            section=section,
            data=msgspec.to_builtins(shown.record.data),
            decoded=shown.decoded,
            unreadable=[UnreadRead.of(row) for row in shown.record.unreadable],
        )


class Resealed(BaseModel):
    """What sealing with the newest key came to; `unopenable` names adapters as `id@version`."""

    done: int
    kept: int
    unopenable: list[str]
