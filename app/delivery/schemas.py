"""Shapes of deliveries. What a message says is in the record, not here."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class DeliveryState(StrEnum):
    """`pending`: will be sent (again). `refused`: the department does not take this message.
    `dead`: tried for three days in vain. `dropped`: given up by a person, with a reason.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DEAD = "dead"
    DROPPED = "dropped"


class DeliveryReceipt(BaseModel):
    """What the department answered."""

    receipt_no: str
    received_at: str


class DeliveryRead(BaseModel):
    """One message for a department's office, and what became of it. `record` is the id of what it
    tells of.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    department: str
    region: str
    record: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime
    last_error: str | None
    receipt: DeliveryReceipt | None
    reason: str | None


class DropDelivery(BaseModel):
    """Why a message is given up."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=4, max_length=300, pattern=r"^[^\x00]*$")]
