"""Inspection records and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _create_inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("business_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=True),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("lead_department", sa.String(length=40), nullable=False),
        sa.Column("submitted_by", sa.String(length=120), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("visit_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("visit_ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("officers", sa.JSON(), nullable=False),
        sa.Column("profile_etag", sa.String(length=80), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("not_connected", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
        ),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_inspections_business_id", "inspections", ["business_id"])
    op.create_index("ix_inspections_region", "inspections", ["region"])


def _create_inspection_results() -> None:
    op.create_table(
        "inspection_results",
        sa.Column("inspection_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("item_code", sa.String(length=60), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.id"],
        ),
        sa.PrimaryKeyConstraint("inspection_id", "ordinal"),
    )
    op.create_index("ix_inspection_results_department", "inspection_results", ["department"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("ordering_key", sa.String(length=120), nullable=False),
        sa.Column("object_id", sa.String(length=36), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt", sa.JSON(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_deliveries_object_id", "deliveries", ["object_id"])
    op.create_index("ix_deliveries_ordering_key", "deliveries", ["ordering_key"])
    op.create_index("ix_deliveries_state", "deliveries", ["state"])


def upgrade() -> None:
    """Create the tables."""
    _create_inspections()
    _create_inspection_results()
    _create_deliveries()


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("deliveries")
    op.drop_table("inspection_results")
    op.drop_table("inspections")
