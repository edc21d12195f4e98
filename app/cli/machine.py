"""What the operator does at the machine itself, straight in the database: one transaction, with its
entries, under the deployment's settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.audit.service import Trail
    from app.core.settings import Settings


class AtTheMachine(NamedTuple):
    """The transaction, the trail, the settings."""

    session: "Session"
    trail: "Trail"
    settings: "Settings"


@contextmanager
def at_the_machine() -> Iterator[AtTheMachine]:
    """One transaction, committed when the block is left without an exception. Raises
    `SettingsError` for settings or a schema with which nothing is done.
    """
    from app.audit.service import Trail
    from app.core.clock import SystemClock
    from app.core.db import Database
    from app.core.schema import require_schema
    from app.core.settings import Settings

    settings = Settings()
    settings.require_complete(to_serve=True)
    database = Database.of(settings)
    try:
        require_schema(database)
        trail = Trail(settings.keys, SystemClock(), settings.region)
        with database.write() as session:
            yield AtTheMachine(session, trail, settings)
    finally:
        database.dispose()
