"""Adapters by section, region and axis; candidate versions; where businesses are."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
_INDEX = "adapters_one_per_section"
_PUBLISHED = sa.text("published_version IS NOT NULL")


def _index_over(*columns: str) -> None:
    op.drop_index(_INDEX, "adapters")
    op.create_index(
        _INDEX,
        "adapters",
        columns,
        unique=True,
        sqlite_where=_PUBLISHED,
        postgresql_where=_PUBLISHED,
    )


def upgrade() -> None:
    """Rows of before have the empty region: everywhere."""
    text, number = sa.String(length=6), sa.Integer()
    op.add_column("adapters", sa.Column("region", text, nullable=False, server_default=""))
    axis = sa.Column("axis", sa.String(length=10), nullable=False, server_default="horizontal")
    op.add_column("adapters", axis)
    op.add_column("adapters", sa.Column("candidate_version", number, nullable=True))
    share = sa.Column("candidate_share", number, nullable=False, server_default="0")
    op.add_column("adapters", share)
    _index_over("section", "region", "axis")
    op.add_column("deliveries", sa.Column("region", text, nullable=False, server_default=""))
    op.create_table(
        "businesses",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("business_id", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("business_id"),
    )


def downgrade() -> None:
    """One adapter per section again. Fails where two are published for one."""
    op.drop_table("businesses")
    op.drop_column("deliveries", "region")
    _index_over("section")
    for column in ("candidate_share", "candidate_version", "axis", "region"):
        op.drop_column("adapters", column)
