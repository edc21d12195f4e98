"""The table of last-known answers. With the embedded database it lies in a file of its own, for
whose writer nobody waits; the one in the main file stays empty there.
"""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel


class LastKnownAnswer(SQLModel, table=True):
    """What departments said last to the questions of one look-up, sealed. `subject` and `ref` are
    keyed digests of the business and of how it was asked, `part` names those who answered together:
    of what several parts tell of one department, the newest holds.
    """

    __tablename__ = "last_known_answers"
    __table_args__ = (
        Index("ix_last_known_answers_age", "kept_at", "size"),
        Index("ix_last_known_answers_end", "ends_at"),
    )
    subject: str = Field(primary_key=True, max_length=24)
    ref: str = Field(primary_key=True, max_length=24)
    part: str = Field(primary_key=True, max_length=8)
    sealed: bytes = Field(sa_type=LargeBinary)
    size: int
    kept_at: datetime
    ends_at: datetime
