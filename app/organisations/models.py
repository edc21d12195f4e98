"""Tables of people."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel


class Officer(SQLModel, table=True):
    """An officer's enforcement certificate (执法证)."""

    __tablename__ = "officers"
    certificate_no: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=80)
    department: str = Field(max_length=40, index=True)
    region: str = Field(max_length=6)
    valid_from: date
    valid_to: date
    updated_at: datetime
