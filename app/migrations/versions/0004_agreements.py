"""Agreements, with the two a deployment starts from."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _create_agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("strictest_class", sa.Integer(), nullable=False),
        sa.Column("headline", sa.Boolean(), nullable=False),
        sa.Column("legal_basis", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("clauses", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _seed() -> None:
    rows = sa.table(
        "agreements",
        *(
            sa.column(n)
            for n in (
                "id",
                "version",
                "source",
                "strictest_class",
                "headline",
                "legal_basis",
                "state",
            )
        ),
        sa.column("purposes", sa.JSON()),
        sa.column("clauses", sa.JSON()),
        sa.column("valid_from", sa.Date()),
    )
    common = {"version": 1, "source": "*", "headline": True, "state": "active", "clauses": {}}
    basis = "政务数据共享条例（国令第809号）第二十条"
    day = date(2025, 8, 1)
    inspection = {"id": "seed-inspection", "purposes": ["inspection"], "strictest_class": 2}
    patrol = {"id": "seed-patrol", "purposes": ["patrol"], "strictest_class": 3}
    op.bulk_insert(
        rows,
        [
            {**common, **row, "legal_basis": basis, "valid_from": day}
            for row in (inspection, patrol)
        ],
    )


def upgrade() -> None:
    """Create the tables."""
    _create_agreements()
    _seed()


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("agreements")
