# ruff: noqa: S608 - the pieces are those of this file
"""Units, people and their roles; officers become people with certificates."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNIT = "substr(department, 1, 33) || '-' || region"
_TIERS = (
    "CASE WHEN {0} = '000000' THEN 'nation' WHEN {0} LIKE '__0000' THEN 'province' "
    "WHEN {0} LIKE '____00' THEN 'city' ELSE 'county' END"
)


def _text(name: str, length: int, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _create_units() -> None:
    op.create_table(
        "units",
        _text("id", 40),
        _text("name_zh", 80),
        _text("name_en", 80),
        _text("tier", 8),
        _text("region", 6),
        _text("department", 40),
        _text("axis", 10),
        sa.Column("parts", sa.JSON(), nullable=False),
        _text("state", 10),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_people() -> None:
    op.create_table(
        "people",
        _text("id", 36),
        _text("subject", 120, null=True),
        _text("name", 80),
        _text("unit_id", 40),
        _text("certificate_no", 64, null=True),
        sa.Column("certificate_from", sa.Date(), nullable=True),
        sa.Column("certificate_to", sa.Date(), nullable=True),
        sa.Column("public_key", sa.JSON(), nullable=True),
        _text("state", 10),
        _text("created_by", 120),
        _moment("updated_at"),
        sa.Column("changed", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"]),
        sa.UniqueConstraint("subject"),
        sa.UniqueConstraint("certificate_no"),
    )
    for column in ("name", "unit_id", "changed"):
        op.create_index(f"ix_people_{column}", "people", [column])
    op.create_table(
        "person_roles",
        _text("id", 36),
        _text("person_id", 36),
        _text("role", 40),
        _moment("valid_from"),
        _moment("valid_to", null=True),
        _text("hours", 20),
        _text("delegated_by", 36, null=True),
        _text("granted_by", 120),
        _moment("granted_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["delegated_by"], ["people.id"]),
    )
    op.create_index("ix_person_roles_person_id", "person_roles", ["person_id"])


def _move_officers() -> None:
    """Each officer is a person of a unit of his department and region."""
    op.execute(
        "INSERT INTO units (id, name_zh, name_en, tier, region, department, axis, parts, state, "
        f"updated_at) SELECT {_UNIT}, department || ' ' || region, department || ' ' || region, "
        f"{_TIERS.format('region')}, region, department, 'horizontal', "
        "'[\"source\", \"application\"]', 'active', max(updated_at) "
        "FROM officers GROUP BY department, region"
    )
    random = (
        "gen_random_uuid()::text"
        if op.get_bind().dialect.name == "postgresql"
        else "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || "
        "substr(hex(randomblob(2)), 2) || '-a' || substr(hex(randomblob(2)), 2) || '-' || "
        "hex(randomblob(6)))"
    )
    op.execute(
        "INSERT INTO people (id, name, unit_id, certificate_no, certificate_from, certificate_to, "
        f"state, created_by, updated_at, changed) SELECT {random}, name, "
        f"{_UNIT}, certificate_no, valid_from, valid_to, "
        "'active', 'migration', updated_at, 0 FROM officers"
    )
    op.execute("INSERT INTO revisions (name, number) VALUES ('people', 0)")


def upgrade() -> None:
    """The table of officers stays while releases of before may still read it; nothing here does."""
    _create_units()
    _create_people()
    _move_officers()
    op.execute("INSERT INTO schema_windows (revision, oldest) VALUES ('0012', '0010')")


def downgrade() -> None:
    """Whoever has a certificate is an officer again."""
    op.execute("DELETE FROM officers")
    op.execute(
        "INSERT INTO officers (certificate_no, name, department, region, valid_from, valid_to, "
        "updated_at) SELECT people.certificate_no, people.name, units.department, units.region, "
        "people.certificate_from, people.certificate_to, people.updated_at "
        "FROM people JOIN units ON units.id = people.unit_id "
        "WHERE people.certificate_no IS NOT NULL AND units.department <> '' "
        "AND people.state = 'active'"
    )
    op.execute("DELETE FROM schema_windows WHERE revision = '0012'")
    op.execute("DELETE FROM revisions WHERE name = 'people'")
    for table in ("person_roles", "people", "units"):
        op.drop_table(table)
