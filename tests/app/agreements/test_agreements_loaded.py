"""Agreements as decisions read them: one that cannot be read costs only itself; releases of before stop with the seeded ones."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import text

from adapters.contract import Manifest, Outcome
from adapters.dispatch.reply import Reply
from app.agreements import repository
from app.agreements.models import AgreementVersion
from app.agreements.service import load
from app.catalogue.service import catalogue_on
from app.profile.section import NOTHING, part, specify

MANIFEST = msgspec.convert(
    {
        "adapter_id": "tax", "department": "tax", "section": "tax", "title_zh": "税务", "title_en": "tax",
        "base_url": "https://tax.example", "sample_business_id": "x" * 18, "unknown_business_id": "x" * 18,
    },
    Manifest,
)  # fmt: skip
NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)


def test_one_that_cannot_be_read_gives_nothing_and_costs_the_others_nothing(database, caplog):
    with database.write() as session:
        row = session.get(AgreementVersion, ("seed-patrol", 1))
        row.clauses = {**row.clauses, "purposes": ["of a later release"]}
        session.add(row)
    with database.read() as session:
        assert [dated.terms.agreement for dated in load(session)] == ["seed-inspection@1"]
    assert "seed-patrol@1 cannot be read" in caplog.text


def test_what_becomes_of_a_seeded_one_is_told_to_releases_of_before(database):
    with database.write() as session:
        row = session.get(AgreementVersion, ("seed-patrol", 1))
        row.state = "suspended"
        repository.tell_before(session, row)
    with database.read() as session:
        found = session.connection().execute(text("select id, state from agreements order by id"))
        assert [tuple(each) for each in found] == [
            ("seed-inspection", "active"), ("seed-patrol", "suspended"),
        ]  # fmt: skip


def test_a_section_of_no_agreement_does_not_even_say_that_there_is_a_record():
    spec = specify(MANIFEST, "tax@1", None, catalogue_on(NOW.date()))
    came = Reply(Outcome.FRESH, None, 5, as_of=NOW, fetched_at=NOW, digest="sha-256:abc")
    told = part(spec, came)
    assert (told.reply.outcome, told.reply.as_of, told.released) == (Outcome.DENIED, None, NOTHING)
    assert not spec.tells_all
