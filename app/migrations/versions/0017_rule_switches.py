"""Rules of law that a region has switched, and tasks that rest on it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_switches",
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("switched_by", sa.String(length=120), nullable=False),
        sa.Column("switched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rule", "region"),
    )
    op.add_column(
        "tasks", sa.Column("warned", sa.String(length=40), nullable=False, server_default="")
    )
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0017', '0010')")


def downgrade() -> None:
    op.execute("DELETE FROM schema_windows WHERE revision = '0017'")
    op.drop_column("tasks", "warned")
    op.drop_table("rule_switches")
