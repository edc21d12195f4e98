"""The table of last-known answers. With the embedded database it lies in a file of its own, for
whose writer nobody waits; the one in the main file stays empty there.
"""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel


class LastKnownAnswer(SQLModel, table=True):
    """What a department said last to one question, sealed. `ref` and `subject` are keyed digests of
    the question and of the business.
    """

    __tablename__ = "last_known_answers"
    __table_args__ = (
        Index("ix_last_known_answers_age", "kept_at"),
        Index("ix_last_known_answers_subject", "subject"),
    )
    ref: str = Field(primary_key=True, max_length=32)
    subject: str = Field(max_length=32)
    sealed: bytes = Field(sa_type=LargeBinary)
    size: int
    kept_at: datetime
    ends_at: datetime
