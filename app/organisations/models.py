"""Tables of units and people."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial


class Unit(SQLModel, table=True):
    """An office: of which division and department, and which part it takes in sharing (source,
    coordinator, application). An empty department stands above departments.
    """

    __tablename__ = "units"
    id: str = Field(primary_key=True, max_length=40)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    tier: str = Field(max_length=8)
    region: str = Field(max_length=6)
    department: str = Field(default="", max_length=40)
    axis: str = Field(default="horizontal", max_length=10)
    parts: list[str] = Field(sa_column=Column(JSON, nullable=False))
    state: str = Field(default="active", max_length=10)
    updated_at: datetime


class Person(SQLModel, table=True):
    """Somebody, or a machine client, of a unit; with an enforcement certificate (执法证) where
    there is one.

    `subject` is `sub` of the tokens; none while nobody signs on as this person. `changed` is the
    revision of people in which this last changed.
    """

    __tablename__ = "people"
    id: str = Field(primary_key=True, max_length=36)
    subject: str | None = Field(default=None, max_length=120, unique=True)
    name: str = Field(max_length=80, index=True)
    unit_id: str = Field(max_length=40, foreign_key="units.id", index=True)
    certificate_no: str | None = Field(default=None, max_length=64, unique=True)
    certificate_from: date | None = None
    certificate_to: date | None = None
    public_key: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    state: str = Field(default="active", max_length=10)
    created_by: str = Field(max_length=120)
    updated_at: datetime
    changed: int = Field(default=0, sa_type=BigSerial, index=True)
    import_id: str | None = Field(default=None, max_length=36, index=True)


class PeopleImport(SQLModel, table=True):
    """A list of people that was taken over by somebody of a region and department: how many it
    added, how many were there already. `changed` is the revision of people in which it was undone.
    """

    __tablename__ = "people_imports"
    id: str = Field(primary_key=True, max_length=36)
    region: str = Field(max_length=6)
    department: str = Field(default="", max_length=40)
    added: int
    known: int
    created_by: str = Field(max_length=120)
    created_at: datetime
    undone_by: str | None = Field(default=None, max_length=120)
    undone_at: datetime | None = None
    changed: int = Field(default=0, sa_type=BigSerial, index=True)


class PersonRole(SQLModel, table=True):
    """A role of a person, from one instant to another, in working hours; `delegated_by` is the
    person who lends it.
    """

    __tablename__ = "person_roles"
    id: str = Field(primary_key=True, max_length=36)
    person_id: str = Field(max_length=36, foreign_key="people.id", index=True)
    role: str = Field(max_length=40)
    valid_from: datetime
    valid_to: datetime | None = None
    hours: str = Field(default="", max_length=20)
    delegated_by: str | None = Field(default=None, max_length=36, foreign_key="people.id")
    granted_by: str = Field(max_length=120)
    granted_at: datetime


class SigningKeyRow(SQLModel, table=True):
    """A key of the gateway's own tokens: its public half, and the private one sealed. It signs from
    `signs_from` on, until a later one does, and is accepted until `ends_at`.
    """

    __tablename__ = "signing_keys"
    kid: str = Field(primary_key=True, max_length=40)
    public: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    sealed: bytes = Field(sa_type=LargeBinary)
    signs_from: datetime
    ends_at: datetime | None = None
    made_at: datetime


class OneTimeCode(SQLModel, table=True):
    """A code for one person, by its digest; `session` is what it opened. Kept for a while after its
    end, so that a second use is known.
    """

    __tablename__ = "one_time_codes"
    id: str = Field(primary_key=True, max_length=64)
    person_id: str = Field(max_length=36, foreign_key="people.id", index=True)
    expires_at: datetime
    keep_until: datetime
    used_at: datetime | None = None
    session: str | None = Field(default=None, max_length=36)
    made_by: str = Field(max_length=120)
    made_at: datetime


class UsedAssertion(SQLModel, table=True):
    """An assertion of a machine client that was taken, by its digest, until it has ended."""

    __tablename__ = "used_assertions"
    id: str = Field(primary_key=True, max_length=64)
    until: datetime = Field(index=True)


class EndedSignOn(SQLModel, table=True):
    """A session, a token, or a subject's sign-ons up to a time, that ended before the tokens did.
    An empty issuer stands for every one. `changed` is the revision in which this last changed.
    """

    __tablename__ = "ended_sign_ons"
    id: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=12)
    issuer: str = Field(max_length=200)
    ref: str = Field(max_length=200)
    ended_at: datetime
    until: datetime = Field(index=True)
    changed: int = Field(default=0, sa_type=BigSerial, index=True)
