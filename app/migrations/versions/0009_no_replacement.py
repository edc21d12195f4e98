"""An entry is not replaced either: SQLite's `INSERT OR REPLACE` passes triggers of deletion."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """PostgreSQL replaces by UPDATE, which is refused already."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_entries_no_replacement BEFORE INSERT ON audit_entries "
            "WHEN EXISTS (SELECT 1 FROM audit_entries WHERE row = NEW.row OR id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
        )


def downgrade() -> None:
    """As before."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_entries_no_replacement")
