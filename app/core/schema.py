"""The schema's revision: what the code expects, what the database has, and how to bring it
there.
"""

from pathlib import Path

from sqlalchemy import inspect, text

from app.core.db import Database

VERSIONS = Path(__file__).parents[1] / "migrations"


def expected_revision() -> str:
    """The newest migration's number."""
    return max(path.stem.partition("_")[0] for path in (VERSIONS / "versions").glob("[0-9]*.py"))


def current_revision(database: Database) -> str | None:
    """What the database is at; None for an empty one."""
    if not inspect(database.engine).has_table("alembic_version"):
        return None
    with database.engine.connect() as connection:
        return connection.execute(text("select version_num from alembic_version")).scalar()


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision, upward or (with an older number, or `base`) downward."""
    from alembic import command  # noqa: PLC0415 - heavy, and only operators need it
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(VERSIONS))
    config.attributes["database"] = database
    current = current_revision(database)
    down = revision == "base" or (revision != "head" and current is not None and revision < current)
    (command.downgrade if down else command.upgrade)(config, revision)
