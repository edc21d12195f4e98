"""Own signing keys, one-time codes, assertions taken, sign-ons that ended; quotas of agreements."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, length: int, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _end_sign_ons() -> None:
    op.create_table(
        "ended_sign_ons",
        _text("id", 64),
        _text("kind", 12),
        _text("issuer", 200),
        _text("ref", 200),
        _moment("ended_at"),
        _moment("until"),
        sa.Column("changed", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("until", "changed"):
        op.create_index(f"ix_ended_sign_ons_{column}", "ended_sign_ons", [column])
    op.execute(
        "INSERT INTO revisions (name, number) VALUES ('signing_keys', 0), ('ended_sign_ons', 0)"
    )


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        _text("kid", 40),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _moment("signs_from"),
        _moment("ends_at", null=True),
        _moment("made_at"),
        sa.PrimaryKeyConstraint("kid"),
    )
    op.create_table(
        "one_time_codes",
        _text("id", 64),
        _text("person_id", 36),
        _moment("expires_at"),
        _moment("keep_until"),
        _moment("used_at", null=True),
        _text("session", 36, null=True),
        _text("made_by", 120),
        _moment("made_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
    )
    op.create_index("ix_one_time_codes_person_id", "one_time_codes", ["person_id"])
    op.create_table(
        "used_assertions", _text("id", 64), _moment("until"), sa.PrimaryKeyConstraint("id")
    )
    op.create_index("ix_used_assertions_until", "used_assertions", ["until"])
    _end_sign_ons()
    op.create_table(
        "quota_windows",
        _text("agreement_id", 40),
        _text("name", 6),
        _moment("starts_at"),
        sa.Column("used", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "name"),
    )
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0014', '0010')")


def downgrade() -> None:
    op.execute("DELETE FROM schema_windows WHERE revision = '0014'")
    op.execute("DELETE FROM revisions WHERE name IN ('signing_keys', 'ended_sign_ons')")
    for table in (
        "quota_windows",
        "ended_sign_ons",
        "used_assertions",
        "one_time_codes",
        "signing_keys",
    ):
        op.drop_table(table)
