"""Shapes of notices."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from adapters.contract.words import Words
from app.delivery.notices.kinds import known_kind
from auth.principal import Role

NoticeId = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]


class NoticeSubject(BaseModel):
    """The thing that a notice is about, such as a record, a task or an agreement."""

    kind: str
    id: str


class NoticeRead(BaseModel):
    """What you should know or do. It holds nothing of what a department told."""

    id: str
    kind: str
    text: Words
    what_now: Words
    about: NoticeSubject
    region: str | None
    department: str | None
    created_at: datetime
    read_at: datetime | None


class UnreadCount(BaseModel):
    """How many of your notices you have not read; 1 000 stands for more, too."""

    unread: int


class MarkNotices(BaseModel):
    """Which notices you have read, or want to see as unread again."""

    model_config = ConfigDict(extra="forbid")

    ids: list[NoticeId] = Field(min_length=1, max_length=200)
    read: bool = True


WebhookState = Literal["unproved", "active", "stopped"]
Kind = Annotated[str, AfterValidator(known_kind)]


class WebhookWrite(BaseModel):
    """A system of yours that wants notices: where, of which kinds, and of which of your roles."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=8, max_length=500, pattern=r"^[!-~]+$")
    kinds: list[Kind] = Field(min_length=1, max_length=40)
    role: Role


class WebhookRead(BaseModel):
    """A webhook. It receives notices to holders of its role within its region and department, once
    it has proved that it is yours.
    """

    webhook_id: str
    url: str
    kinds: list[str]
    role: Role
    region: str
    department: str | None
    state: WebhookState
    former_until: datetime | None = Field(
        description="until when messages are signed with the secret of before, too"
    )
    failing_since: datetime | None = Field(description="from when nothing has arrived there")
    last_error: str | None
    created_by: str
    created_at: datetime


class WebhookSecret(WebhookRead):
    """A webhook and its secret, which is shown this once."""

    secret: str = Field(description="whsec_…, as Standard Webhooks write it")


class KindRead(BaseModel):
    """A kind of notice."""

    kind: str
    text: Words
    what_now: Words
