"""Whose an entry and an operation are, where tasks were opened, and the second person."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OF_BEFORE = ("row", "id", "at", "event", "subject_ref", "body")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _guard_entries(*columns: str) -> None:
    """An entry gets its number once; nothing else of it is ever changed."""
    if not _is_postgresql():
        return  # its triggers name no columns
    old, new = (", ".join(f"{side}.{name}" for name in columns) for side in ("old", "new"))
    op.execute("DROP TRIGGER audit_entries_no_update ON audit_entries")
    op.execute(
        "CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries FOR EACH ROW WHEN "
        "(old.number IS NOT NULL OR new.number IS NULL OR new.txid IS DISTINCT FROM old.txid OR "
        f"ROW({old}) IS DISTINCT FROM ROW({new})) EXECUTE FUNCTION audit_entries_refuse()"
    )


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False, server_default="")


def upgrade() -> None:
    """Entries of before name no region: they are the deployment's."""
    op.add_column("audit_entries", _text("region", 6))
    op.add_column("audit_entries", _text("department", 40))
    op.create_index("ix_audit_entries_region", "audit_entries", ["region", "number"])
    _guard_entries(*_OF_BEFORE, "region", "department")
    op.add_column("operations", _text("region", 6))
    op.execute(
        "UPDATE operations SET region = coalesce((SELECT adapters.region FROM adapters "
        "WHERE substr(operations.key, 1, length(adapters.id) + 1) = adapters.id || '@'), '')"
    )
    op.add_column("tasks", _text("opened_in", 6))
    op.add_column("tasks", _text("department", 40))
    op.add_column("tasks", sa.Column("approved_by", sa.String(length=120), nullable=True))
    op.add_column("tasks", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "tasks", sa.Column("emergency", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE tasks SET opened_in = region")
    waits = sa.text("region = ''")
    op.create_index(
        "ix_tasks_unlocated", "tasks", ["id"], sqlite_where=waits, postgresql_where=waits
    )
    op.create_index("ix_tasks_opener", "tasks", ["opened_by", "opened_at"])
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0011', '0010')")


def downgrade() -> None:
    """As before: a task whose region was never told has that of its opener."""
    op.execute("DELETE FROM schema_windows WHERE revision = '0011'")
    op.execute("UPDATE tasks SET region = opened_in WHERE region = ''")
    op.drop_index("ix_tasks_opener", "tasks")
    op.drop_index("ix_tasks_unlocated", "tasks")
    for name in ("emergency", "approved_at", "approved_by", "department", "opened_in"):
        op.drop_column("tasks", name)
    op.drop_column("operations", "region")
    _guard_entries(*_OF_BEFORE)
    op.drop_index("ix_audit_entries_region", "audit_entries")
    for name in ("department", "region"):
        op.drop_column("audit_entries", name)
