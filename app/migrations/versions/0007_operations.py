"""Long work in one table; examinations move there."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _table() -> sa.Table:
    moment = sa.DateTime(timezone=True)
    return op.create_table(
        "operations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("progress_done", sa.Integer(), nullable=False),
        sa.Column("progress_of", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _as_operation(row: Any) -> dict[str, Any]:
    report = json.loads(row["report"]) if isinstance(row["report"], str) else row["report"]
    done = row["state"] == "done"
    kept = ("id", "requested_by", "created_at", "finished_at", "department")
    return {
        **{name: row[name] for name in kept},
        "kind": "adapter.verify" if row["only_case"] is None else "adapter.verify_case",
        "key": f"{row['adapter_id']}@{row['version']}",
        "parameters": {
            "adapter_id": row["adapter_id"],
            "version": row["version"],
            "case": row["only_case"],
        },
        "state": "done" if done else "pending",
        "progress_done": row["cases_done"],
        "progress_of": row["cases_total"],
        "attempts": 1 if done else 0,
        "result": {"passed": bool(row["passed"]), "report": report} if done else None,
    }


def upgrade() -> None:
    """What was running is begun anew by whoever looks first."""
    table = _table()
    examinations = sa.table(
        "examinations",
        *(
            sa.column(n)
            for n in ("id", "adapter_id", "version", "only_case", "state", "cases_done")
        ),
        *(sa.column(n) for n in ("cases_total", "passed", "report", "requested_by")),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("finished_at", sa.DateTime(timezone=True)),
    )
    adapters = sa.table("adapters", sa.column("id"), sa.column("department"))
    query = sa.select(examinations, adapters.c.department).join_from(
        examinations, adapters, examinations.c.adapter_id == adapters.c.id
    )
    rows = [_as_operation(row) for row in op.get_bind().execute(query).mappings()]
    if rows:
        op.bulk_insert(table, rows)
    op.create_index("ix_operations_key", "operations", ["key"])
    op.create_index("ix_operations_department", "operations", ["department"])
    op.create_index("ix_operations_state", "operations", ["state"])
    op.drop_table("examinations")


def downgrade() -> None:
    """Examinations are forgotten: a version that was examined must be examined again."""
    moment = sa.DateTime(timezone=True)
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
        sa.Column("created_at", moment, nullable=False),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("finished_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["adapter_id"], ["adapters.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_examinations_adapter_id", "examinations", ["adapter_id"])
    op.create_index("ix_examinations_state", "examinations", ["state"])
    op.drop_table("operations")
