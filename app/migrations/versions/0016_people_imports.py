"""Lists of people that were taken over, so that they can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "people_imports",
        sa.Column("id", sa.String(length=36), primary_key=True),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(length=120), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed", _NUMBER, nullable=False),
    )
    op.create_index("ix_people_imports_changed", "people_imports", ["changed"])
    op.add_column("people", sa.Column("import_id", sa.String(length=36), nullable=True))
    op.create_index("ix_people_import_id", "people", ["import_id"])
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0016', '0010')")


def downgrade() -> None:
    op.execute("DELETE FROM schema_windows WHERE revision = '0016'")
    op.drop_index("ix_people_import_id", "people")
    op.drop_column("people", "import_id")
    op.drop_table("people_imports")
