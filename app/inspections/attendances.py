"""What an officer says of his own presence: kept whole, the last word stands. Pure."""

from datetime import datetime
from typing import Any, Protocol

from app.inspections.presence import PresenceState


class Speaker(Protocol):
    """A row of an officer whom a record names."""

    state: str
    subject: str | None
    decided_at: datetime | None
    reason: str | None
    words: list[dict[str, Any]]


def say_once(
    row: Speaker, state: PresenceState, subject: str, at: datetime, reason: str | None = None
) -> None:
    """Say something; what was said before stays written."""
    row.state, row.subject, row.decided_at, row.reason = state, subject, at, reason
    said: dict[str, Any] = {
        "state": state,
        "subject": subject,
        "at": at.isoformat(),
        "reason": reason,
    }
    row.words = [*row.words, said]
