"""Where businesses are."""

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class KnownBusiness(SQLModel, table=True):
    """What the registration office told last of a business: division codes (GB/T 2260) of the
    business (empty: not told) and of its sites, and its name (empty: not told).
    """

    __tablename__ = "businesses"
    id: str = Field(primary_key=True, max_length=36)
    business_id: str = Field(max_length=64, unique=True)
    region: str = Field(max_length=6)
    sites: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    told_at: datetime
    name: str = Field(default="", max_length=300)
