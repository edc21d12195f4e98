"""Adapters, their versions, credentials and examinations."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _create_adapters() -> None:
    op.create_table(
        "adapters",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("submitted_by", sa.String(length=120), nullable=True),
        sa.Column("reviewed_by", sa.String(length=120), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_adapters_department", "adapters", ["department"])
    op.create_index("ix_adapters_section", "adapters", ["section"])
    published = sa.text("published_version IS NOT NULL")
    op.create_index(
        "adapters_one_per_section",
        "adapters",
        ["section"],
        unique=True,
        sqlite_where=published,
        postgresql_where=published,
    )


def _create_adapter_versions() -> None:
    op.create_table(
        "adapter_versions",
        sa.Column("adapter_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["adapter_id"],
            ["adapters.id"],
        ),
        sa.PrimaryKeyConstraint("adapter_id", "version"),
    )


def _create_adapter_credentials() -> None:
    op.create_table(
        "adapter_credentials",
        sa.Column("adapter_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["adapter_id"],
            ["adapters.id"],
        ),
        sa.PrimaryKeyConstraint("adapter_id", "version"),
    )


def _create_examinations() -> None:
    op.create_table(
        "examinations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("adapter_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("only_case", sa.String(length=60), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("cases_done", sa.Integer(), nullable=False),
        sa.Column("cases_total", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["adapter_id"],
            ["adapters.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_examinations_adapter_id", "examinations", ["adapter_id"])
    op.create_index("ix_examinations_state", "examinations", ["state"])


def upgrade() -> None:
    """Create the tables."""
    _create_adapters()
    _create_adapter_versions()
    _create_adapter_credentials()
    _create_examinations()


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("examinations")
    op.drop_table("adapter_credentials")
    op.drop_table("adapter_versions")
    op.drop_table("adapters")
