"""Agreements between named parties, their versions and who signed them; the two that a deployment
started from are ordinary ones.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=null)


def _create() -> sa.Table:
    versions = op.create_table(
        "agreement_versions",
        _text("id", 40),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("kind", 12),
        _text("source_unit", 40, null=True),
        _text("coordinator_unit", 40, null=True),
        _text("application_unit", 40, null=True),
        _text("source", 40),
        _text("source_region", 6),
        _text("coordinator_region", 6),
        _text("application", 40),
        _text("application_region", 6),
        sa.Column("clauses", sa.JSON(), nullable=False),
        _text("digest", 64),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        _text("state", 12),
        _text("suspended_by", 40),
        _text("created_by", 120),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "version"),
    )
    op.create_index("ix_agreement_versions_state", "agreement_versions", ["state"])
    op.create_table(
        "agreement_acts",
        _text("id", 36),
        _text("agreement_id", 40),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("party", 12),
        _text("act", 10),
        _text("subject", 120),
        _text("digest", 64),
        _text("reason", 300),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_agreement_acts_agreement_id", "agreement_acts", ["agreement_id"])
    return versions


def _moved(row: Any, at: datetime) -> dict[str, Any]:
    clauses = {
        "purposes": row.purposes,
        "legal_basis": row.legal_basis,
        "sections": None,
        "strictest_class": row.strictest_class,
        "headline": row.headline,
        "regions": [],
        "roles": [],
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "retention_days": 0,
        "offline_hours": 0,
        "onward_sharing": False,
        "security_responsible": "—",
    }
    content = json.dumps([row.id, row.version, clauses], sort_keys=True, ensure_ascii=False)
    return {
        "id": row.id,
        "version": row.version,
        "kind": "application",
        "source": row.source,
        "source_region": "000000",
        "coordinator_region": "000000",
        "application": "*",
        "application_region": "000000",
        "clauses": clauses,
        "digest": hashlib.sha256(content.encode()).hexdigest(),
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "state": row.state,
        "suspended_by": "",
        "created_by": "migration",
        "created_at": at,
        "updated_at": at,
    }


def upgrade() -> None:
    """The table of before stays while releases of before may still read it."""
    versions = _create()
    before = sa.table(
        "agreements",
        *(sa.column(n) for n in ("id", "version", "source", "strictest_class")),
        *(sa.column(n) for n in ("legal_basis", "state")),
        sa.column("headline", sa.Boolean()),
        sa.column("purposes", sa.JSON()),
        sa.column("valid_from", sa.Date()),
        sa.column("valid_to", sa.Date()),
    )
    rows = op.get_bind().execute(sa.select(before)).all()
    at = datetime.now(UTC)  # noqa: TID251 - a migration has no clock of its own
    if rows:
        op.bulk_insert(versions, [_moved(row, at) for row in rows])
    op.execute("UPDATE revisions SET number = number + 1 WHERE name = 'agreements'")
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0013', '0010')")


def downgrade() -> None:
    """Agreements that were made since are not known to releases of before."""
    op.execute("DELETE FROM schema_windows WHERE revision = '0013'")
    op.drop_table("agreement_acts")
    op.drop_table("agreement_versions")
