"""Officers' own words on records that name them; notices to those concerned."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _moment(name: str, *, null: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def upgrade() -> None:
    op.add_column(
        "inspections",
        sa.Column("confirmation", sa.String(length=8), nullable=False, server_default="settled"),
    )
    op.create_table(
        "attendances",
        sa.Column("position", _NUMBER, primary_key=True),
        sa.Column(
            "inspection_id", sa.String(length=36), sa.ForeignKey("inspections.id"), nullable=False
        ),
        sa.Column("certificate_no", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=True),
        _moment("decided_at"),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("words", sa.JSON(), nullable=False),
    )
    op.create_index(
        "ix_attendances_record", "attendances", ["inspection_id", "certificate_no"], unique=True
    )
    op.create_index("ix_attendances_person", "attendances", ["person_id", "position"])
    op.add_column("inspections", _moment("wanted_since"))
    pending = sa.text("confirmation = 'pending'")
    op.create_index(
        "ix_inspections_unconfirmed",
        "inspections",
        ["number"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
    _add_notices()
    _add_webhooks()
    _add_jobs()
    _add_glass()
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0015', '0010')")


def _add_notices() -> None:
    op.create_table(
        "notices",
        _text("id", 36),
        _text("kind", 40),
        _text("to_kind", 12),
        _text("to_name", 120),
        _text("region", 6),
        _text("department", 40),
        _text("about_kind", 20),
        _text("about_id", 80),
        _moment("created_at", null=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_notices_addressee", "notices", ["to_kind", "to_name", "region", "id"])
    op.create_index("ix_notices_created_at", "notices", ["created_at"])
    op.create_table(
        "notice_readings",
        _text("notice_id", 36),
        _text("subject", 120),
        _moment("read_at", null=False),
        sa.PrimaryKeyConstraint("notice_id", "subject"),
    )


def _add_webhooks() -> None:
    op.create_table(
        "webhooks",
        _text("id", 32),
        _text("url", 500),
        sa.Column("kinds", sa.JSON(), nullable=False),
        _text("role", 24),
        _text("region", 6),
        sa.Column("department", sa.String(length=40), nullable=True),
        _text("state", 12),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("former", sa.LargeBinary(), nullable=True),
        _moment("former_until"),
        _moment("failing_since"),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        _text("created_by", 120),
        _moment("created_at", null=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_webhooks_role", "webhooks", ["role"])
    op.create_table(
        "webhook_messages",
        _text("id", 36),
        _text("webhook_id", 32),
        sa.Column("message", sa.JSON(), nullable=False),
        _text("state", 12),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("created_at", null=False),
        _moment("next_at", null=False),
        _moment("lease_until"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_webhook_messages_due", "webhook_messages", ["state", "webhook_id", "next_at"]
    )
    op.create_index("ix_webhook_messages_created_at", "webhook_messages", ["created_at"])


def _add_jobs() -> None:
    op.create_table(
        "jobs",
        _text("name", 40),
        _moment("next_at", null=False),
        *(_moment(name) for name in ("lease_until", "started_at", "ended_at")),
        sa.Column("outcome", sa.String(length=8), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("done_for", sa.Date(), nullable=True),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("ix_jobs_next_at", "jobs", ["next_at"])


def _add_glass() -> None:
    op.add_column(
        "tasks",
        sa.Column("break_glass", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    for column in (
        sa.Column("reviewed_by", sa.String(length=120), nullable=True),
        _moment("reviewed_at"),
        sa.Column("justified", sa.Boolean(), nullable=True),
        sa.Column("review_note", sa.String(length=300), nullable=True),
    ):
        op.add_column("tasks", column)
    where = sa.text("break_glass and reviewed_at is null")
    op.create_index(
        "ix_tasks_unreviewed",
        "tasks",
        ["opened_at"],
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    op.execute("DELETE FROM schema_windows WHERE revision = '0015'")
    op.drop_index("ix_tasks_unreviewed", "tasks")
    for column in ("review_note", "justified", "reviewed_at", "reviewed_by", "break_glass"):
        op.drop_column("tasks", column)
    op.drop_table("jobs")
    op.drop_table("webhook_messages")
    op.drop_table("webhooks")
    op.drop_table("notice_readings")
    op.drop_table("notices")
    op.drop_index("ix_inspections_unconfirmed", "inspections")
    op.drop_table("attendances")
    op.drop_column("inspections", "wanted_since")
    op.drop_column("inspections", "confirmation")
