# ruff: noqa: S608 - the names are those of this file
"""Numbers in the order of visibility, indexes of pages, lanes of deliveries, what a process can
tell of itself, and which releases work with which schema.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FEEDS = (("audit_entries", "row"), ("inspections", "position"))
_REFUSE = "EXECUTE FUNCTION audit_entries_refuse()"


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _watch_all_changes() -> None:
    """As before this revision."""
    op.execute(
        "CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON "
        f"audit_entries FOR EACH STATEMENT {_REFUSE}"
    )


def _watch_changes_but_numbers() -> None:
    """An entry gets its number once; nothing else of it is ever changed."""
    op.execute(
        "CREATE TRIGGER audit_entries_no_change BEFORE DELETE OR TRUNCATE ON audit_entries "
        f"FOR EACH STATEMENT {_REFUSE}"
    )
    old, new = (
        ", ".join(f"{side}.{name}" for name in ("row", "id", "at", "event", "subject_ref", "body"))
        for side in ("old", "new")
    )
    op.execute(
        "CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries FOR EACH ROW WHEN "
        "(old.number IS NOT NULL OR new.number IS NULL OR new.txid IS DISTINCT FROM old.txid OR "
        f"ROW({old}) IS DISTINCT FROM ROW({new})) {_REFUSE}"
    )


def _number_feeds() -> None:
    op.create_table(
        "numberings",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("last", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    for table, key in _FEEDS:
        op.add_column(table, sa.Column("number", _NUMBER, nullable=True))
        op.add_column(table, sa.Column("txid", _NUMBER, nullable=True))
        if _is_postgresql() or table == "inspections":
            op.execute(f"UPDATE {table} SET number = {key}")
        if _is_postgresql():
            op.execute(
                f"ALTER TABLE {table} ALTER COLUMN txid SET DEFAULT "
                "pg_current_xact_id()::text::bigint"
            )
        op.execute(
            f"INSERT INTO numberings (name, last) SELECT '{table}', coalesce(max({key}), 0) "
            f"FROM {table}"
        )
        told = sa.text("number IS NOT NULL")
        waits = sa.text("number IS NULL AND txid IS NOT NULL")
        op.create_index(
            f"ux_{table}_number",
            table,
            ["number"],
            unique=True,
            sqlite_where=told,
            postgresql_where=told,
        )
        op.create_index(
            f"ix_{table}_unnumbered", table, ["txid"], sqlite_where=waits, postgresql_where=waits
        )


def _index_records() -> None:
    op.add_column("inspection_results", sa.Column("number", _NUMBER, nullable=True))
    op.add_column(
        "inspection_results",
        sa.Column("region", sa.String(length=6), nullable=False, server_default=""),
    )
    of_record = "FROM inspections WHERE inspections.id = inspection_results.inspection_id"
    op.execute(
        f"UPDATE inspection_results SET number = (SELECT inspections.number {of_record}), "
        f"region = (SELECT inspections.region {of_record})"
    )
    op.drop_index("ix_inspections_business_id", "inspections")
    op.drop_index("ix_inspections_region", "inspections")
    op.drop_index("ix_inspection_results_department", "inspection_results")
    op.create_index("ix_inspections_county", "inspections", ["region", "number"])
    op.create_index("ix_inspections_business", "inspections", ["business_id", "number"])
    op.create_index(
        "ix_inspection_results_county", "inspection_results", ["department", "region", "number"]
    )
    op.create_index("ix_inspection_results_order", "inspection_results", ["department", "number"])


def _name_assignees() -> None:
    op.add_column("tasks", sa.Column("changed", _NUMBER, nullable=False, server_default="0"))
    op.create_index("ix_tasks_changed", "tasks", ["changed"])
    op.create_table(
        "task_assignees",
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"]),
        sa.PrimaryKeyConstraint("subject", "task_id"),
    )
    named = (
        "json_array_elements_text(tasks.assignees) AS one(value)"
        if _is_postgresql()
        else "json_each(tasks.assignees) AS one"
    )
    op.execute(
        "INSERT INTO task_assignees (subject, task_id) "
        f"SELECT DISTINCT one.value, tasks.id FROM tasks, {named}"
    )


def _part_deliveries() -> None:
    op.add_column("deliveries", sa.Column("reason", sa.String(length=300), nullable=True))
    op.add_column("deliveries", sa.Column("tried_since", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_deliveries_state", "deliveries")
    op.drop_index("ix_deliveries_ordering_key", "deliveries")
    op.create_index(
        "ix_deliveries_lane", "deliveries", ["state", "department", "region", "next_at"]
    )
    op.create_index("ix_deliveries_order", "deliveries", ["ordering_key", "department", "position"])


def upgrade() -> None:
    """Rows of before are numbered as they were stored."""
    if _is_postgresql():
        op.execute("DROP TRIGGER audit_entries_no_change ON audit_entries")
    _number_feeds()
    if _is_postgresql():
        _watch_changes_but_numbers()
    _index_records()
    _name_assignees()
    _part_deliveries()
    op.create_table(
        "last_known_answers",
        sa.Column("subject", sa.String(length=24), nullable=False),
        sa.Column("ref", sa.String(length=24), nullable=False),
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "ref", "part"),
    )
    op.create_index("ix_last_known_answers_age", "last_known_answers", ["kept_at", "size"])
    op.create_index("ix_last_known_answers_end", "last_known_answers", ["ends_at"])
    op.create_table(
        "audit_probes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "schema_windows",
        sa.Column("revision", sa.String(length=12), nullable=False),
        sa.Column("oldest", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
    )
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0010', '0010')")


def downgrade() -> None:
    """As before: read in the order in which rows were stored."""
    op.drop_table("schema_windows")
    op.drop_table("audit_probes")
    op.drop_table("last_known_answers")
    op.drop_index("ix_deliveries_lane", "deliveries")
    op.drop_index("ix_deliveries_order", "deliveries")
    op.create_index("ix_deliveries_ordering_key", "deliveries", ["ordering_key"])
    op.create_index("ix_deliveries_state", "deliveries", ["state"])
    op.drop_column("deliveries", "tried_since")
    op.drop_column("deliveries", "reason")
    op.drop_table("task_assignees")
    op.drop_index("ix_tasks_changed", "tasks")
    op.drop_column("tasks", "changed")
    for name in ("county", "order"):
        op.drop_index(f"ix_inspection_results_{name}", "inspection_results")
    op.create_index("ix_inspection_results_department", "inspection_results", ["department"])
    for name in ("county", "business"):
        op.drop_index(f"ix_inspections_{name}", "inspections")
    op.create_index("ix_inspections_region", "inspections", ["region"])
    op.create_index("ix_inspections_business_id", "inspections", ["business_id"])
    for column in ("region", "number"):
        op.drop_column("inspection_results", column)
    if _is_postgresql():
        op.execute("DROP TRIGGER audit_entries_no_update ON audit_entries")
        op.execute("DROP TRIGGER audit_entries_no_change ON audit_entries")
    for table, _ in _FEEDS:
        op.drop_index(f"ix_{table}_unnumbered", table)
        op.drop_index(f"ux_{table}_number", table)
        op.drop_column(table, "txid")
        op.drop_column(table, "number")
    op.drop_table("numberings")
    if _is_postgresql():
        _watch_all_changes()
