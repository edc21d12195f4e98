"""The schema's revision: what the code expects, what the database has, and how to bring it
there.

A release works with the schema of its own revision, with older ones down to `OLDEST`, and with
newer ones that say of themselves that this release may go on (`schema_windows`): those that only
add.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import inspect, text
from sqlmodel import Field, SQLModel

from app.core.db import Database
from app.core.settings import SettingsError

VERSIONS = Path(__file__).parents[1] / "migrations"
OLDEST = "0018"
"""The oldest revision this release works with."""
_LONGEST_WAIT_SECONDS = 600.0
_LOOK_SECONDS = 0.2
_LOCK = 7_310_019_026
"""Of PostgreSQL's advisory locks; nothing else here uses one of this form."""


class SchemaWindow(SQLModel, table=True):
    """The oldest release, by its revision, that works with a schema."""

    __tablename__ = "schema_windows"
    revision: str = Field(primary_key=True, max_length=12)
    oldest: str = Field(max_length=12)


def expected_revision() -> str:
    """The newest migration's number."""
    return max(path.stem.partition("_")[0] for path in (VERSIONS / "versions").glob("[0-9]*.py"))


def current_revision(database: Database) -> str | None:
    """What the database is at; None for an empty one."""
    if not inspect(database.engine).has_table("alembic_version"):
        return None
    with database.engine.connect() as connection:
        return connection.execute(text("select version_num from alembic_version")).scalar()


def require_schema(database: Database) -> None:
    """Raises `SettingsError` for a database with which this release does not work."""
    current, expected = current_revision(database), expected_revision()
    if current == expected or (current is not None and OLDEST <= current < expected):
        return
    if current is None or current < expected:
        raise SettingsError(
            f"The database is at revision {current or 'none'}, this release needs {expected}: "
            "run `onevisit migrate`."
        )
    with database.engine.connect() as connection:
        question = text("select oldest from schema_windows where revision = :revision")
        oldest = connection.execute(question, {"revision": current}).scalar()
    if oldest is None or oldest > expected:
        raise SettingsError(
            f"The database is at revision {current}, which is newer than this release ({expected}) "
            "works with: start the newer release."
        )


def is_downward(current: str | None, revision: str) -> bool:
    """Whether going to a revision deletes what newer ones keep."""
    if current is None or revision == "head":
        return False
    return revision == "base" or revision < current


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision, upward or (with an older number, or `base`) downward. One
    process at a time: the others wait, and find it done.
    """
    from alembic import command  # noqa: PLC0415 - heavy, and only operators need it
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(VERSIONS))
    config.attributes["database"] = database
    with _alone(database):
        down = is_downward(current_revision(database), revision)
        (command.downgrade if down else command.upgrade)(config, revision)


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """While nobody else migrates this database. Raises `SettingsError` after ten minutes."""
    until = time.monotonic() + _LONGEST_WAIT_SECONDS
    if database.is_sqlite:
        with Path(f"{database.engine.url.database}.migrating").open("w") as file:
            while not _locked(file.fileno()):
                _wait(until)
            yield
        return
    with database.engine.connect() as connection:
        question = text("select pg_try_advisory_lock(:lock)")
        while not connection.execute(question, {"lock": _LOCK}).scalar():
            connection.rollback()
            _wait(until)
        connection.rollback()
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": _LOCK})


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(until: float) -> None:
    if time.monotonic() > until:
        raise SettingsError("Another process has been migrating this database for ten minutes.")
    time.sleep(_LOOK_SECONDS)
