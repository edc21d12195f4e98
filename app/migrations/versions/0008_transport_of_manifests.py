"""`transport` is no field of a manifest any more (ADR 0012)."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Declarations lose the field; who asked over httpx asks over the exchange."""
    versions = sa.table(
        "adapter_versions",
        sa.column("adapter_id"),
        sa.column("version"),
        sa.column("manifest", sa.JSON()),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(versions)).mappings().all():
        manifest = row["manifest"]
        if isinstance(manifest, str):
            manifest = json.loads(manifest)
        if manifest.pop("transport", None) is not None:
            connection.execute(
                sa.update(versions)
                .where(
                    versions.c.adapter_id == row["adapter_id"],
                    versions.c.version == row["version"],
                )
                .values(manifest=manifest)
            )


def downgrade() -> None:
    """The field had a default."""
