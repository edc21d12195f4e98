"""Tables of the catalogue: what is not a file of it."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel


class RuleSwitch(SQLModel, table=True):
    """That a rule of law is switched in a region, until a day or for good; who did it last, why."""

    __tablename__ = "rule_switches"
    rule: str = Field(primary_key=True, max_length=10)
    region: str = Field(primary_key=True, max_length=6)
    mode: str = Field(max_length=8)
    valid_to: date | None = None
    reason: str = Field(max_length=300)
    switched_by: str = Field(max_length=120)
    switched_at: datetime
