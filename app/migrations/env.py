"""Alembic's entry: runs migrations in one transaction of the database that
`app.core.schema.migrate` hands over.
"""

from alembic import context
from sqlmodel import SQLModel

import app.agreements.models
import app.audit.models
import app.delivery.models
import app.delivery.notices.models
import app.inspections.models
import app.operations.jobs.models
import app.organisations.filters.models
import app.organisations.models
import app.profile.models
import app.registry.models
import app.tasks.models  # noqa: F401 - each import adds its tables to the metadata
from app.core import numbering, schema, snapshots  # noqa: F401 - as above
from app.core.db import Database

database: Database = context.config.attributes["database"]
with database.writing.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=database.is_sqlite,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
