"""Shapes of un-masking."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from adapters.contract.business_id import Unusual
from adapters.contract.words import Words, words_of
from app.profile.request import LONGEST_SITE, SITE_PATTERN


class UnmaskReason(StrEnum):
    """Why a masked value does not do: a closed list, because an entry of the trail holds no
    personal datum and no free text.
    """

    IDENTITY = "identity"
    CONTACT = "contact"
    DOCUMENT = "document"
    EVIDENCE = "evidence"
    RESCUE = "rescue"


REASONS_TO_UNMASK = words_of(Path(__file__).parents[1] / "data" / "unmask_reasons.csv", "code")
"""What each of them says."""
_MOST = 5


class UnmaskWrite(BaseModel):
    """Which fields of a section of this business are wanted as they were told, for which task."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(min_length=1, max_length=40)
    task: str = Field(max_length=36)
    site: str | None = Field(None, max_length=LONGEST_SITE, pattern=SITE_PATTERN)
    unusual: Unusual | None = Field(
        None, description="takes a code whose check character does not fit, as it stands"
    )
    fields: list[Annotated[str, Field(max_length=60)]] = Field(min_length=1, max_length=_MOST)
    reason: UnmaskReason = Field(
        description="why the masked value does not do; kept in the audit trail: "
        + ", ".join(f"`{code}` {w.zh} / {w.en}" for code, w in REASONS_TO_UNMASK.items())
    )


class UnmaskedReason(BaseModel):
    """Why the department told nothing."""

    code: str
    text: Words
    what_now: Words


class UnmaskedRead(BaseModel):
    """The fields as the department told them: null where it told none. Nothing else of the section
    is in it.
    """

    section: str
    department: str
    outcome: str
    reason: UnmaskedReason | None
    as_of: datetime | None
    agreement: str
    fields: dict[str, Any]
    unreadable: list[str] = Field(description="fields of these that cannot be read, and are null")
    audit: str = Field(description="id of the entry that holds the reason")
