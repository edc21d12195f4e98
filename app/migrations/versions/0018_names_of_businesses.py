"""What a business is called, beside where it is."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "businesses", sa.Column("name", sa.String(length=300), nullable=False, server_default="")
    )
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0018', '0010')")


def downgrade() -> None:
    op.execute("DELETE FROM schema_windows WHERE revision = '0018'")
    op.drop_column("businesses", "name")
