"""Table of saved filters."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class SavedFilter(SQLModel, table=True):
    """A filter of one of the console's lists, as its address has it; of one person alone."""

    __tablename__ = "saved_filters"
    owner: str = Field(primary_key=True, max_length=160)
    screen: str = Field(primary_key=True, max_length=20)
    name: str = Field(primary_key=True, max_length=60)
    query: str = Field(max_length=1000)
    saved_at: datetime
