"""What screens show beside what is: who moved an adapter, how departments answered, filters with a
name.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_UNCONNECTED = "CAST(not_connected AS VARCHAR)"
_STATISTICS = "st_inspections_unconnected"
_RARE = {
    "ix_inspections_denied": "confirmation = 'denied'",
    "ix_inspections_unconnected": f"{_UNCONNECTED} <> '[]'",
}
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "adapter_moves",
        sa.Column("id", sa.String(length=36), primary_key=True),
        sa.Column("adapter_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_adapter_moves_adapter", "adapter_moves", ["adapter_id", "id"])
    op.create_table(
        "adapter_minutes",
        sa.Column("adapter_id", sa.String(length=40), nullable=False),
        sa.Column("minute", _NUMBER, nullable=False),
        sa.Column("process", sa.String(length=36), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("latencies", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("adapter_id", "minute", "process"),
    )
    op.create_index("ix_adapter_minutes_minute", "adapter_minutes", ["minute"])
    op.create_table(
        "saved_filters",
        sa.Column("owner", sa.String(length=160), nullable=False),
        sa.Column("screen", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "screen", "name"),
    )
    op.create_index("ix_attendances_certificate", "attendances", ["certificate_no", "position"])
    op.create_index("ix_inspection_results_result", "inspection_results", ["result", "number"])
    for name, rare in _RARE.items():
        where = sa.text(rare)
        op.create_index(name, "inspections", ["number"], sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "postgresql":
        # without it the planner takes nearly every record for one that nobody received
        op.execute(f"CREATE STATISTICS {_STATISTICS} ON ({_UNCONNECTED}) FROM inspections")
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0019', '0010')")


def downgrade() -> None:
    op.execute("DELETE FROM schema_windows WHERE revision = '0019'")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP STATISTICS {_STATISTICS}")
    for name in _RARE:
        op.drop_index(name, "inspections")
    op.drop_index("ix_inspection_results_result", "inspection_results")
    op.drop_index("ix_attendances_certificate", "attendances")
    for name in ("saved_filters", "adapter_minutes", "adapter_moves"):
        op.drop_table(name)
