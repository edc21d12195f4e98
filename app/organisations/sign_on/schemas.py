"""Shapes of signing on."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.organisations.schemas import PersonRead

_MOST_KEYS = 4


class OneTimeCodeRead(BaseModel):
    """A one-time code, told this once, and the link that carries it behind `#`, where no log of a
    server sees it.
    """

    code: str
    link: str | None
    expires_at: datetime


class ClientKeysWrite(BaseModel):
    """Public keys of a machine client; an empty list ends its signing on by assertions."""

    model_config = ConfigDict(extra="forbid")

    keys: list[dict[str, Any]] = Field(
        max_length=_MOST_KEYS, description="public JWKs, each with a kid"
    )


class ClientKeysRead(BaseModel):
    """The machine client, and the ids of its keys."""

    person: PersonRead
    kids: list[str]


class SignOnRead(BaseModel):
    """How a page signs on here: at the identity platform (OpenID Connect code flow with PKCE), by a
    one-time code, or both.
    """

    issuer: str | None = Field(description="the identity platform, if pages may use it")
    client_id: str | None
    scopes: list[str]
    codes: bool = Field(description="whether `/v1/token` takes one-time codes")
    complain: str | None = Field(
        description="where to complain about the system: an https address or a telephone number"
    )


class TokenRead(BaseModel):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the type's name
    expires_in: int = Field(description="seconds")


class JsonWebKeySet(BaseModel):
    """Public keys (RFC 7517)."""

    keys: list[dict[str, Any]]
