"""What a section says about itself: nothing that lets a reader find out what it hides."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from adapters.contract import SECTIONS, Manifest, Outcome, shape_of
from adapters.contract.sections import encode
from adapters.dispatch.reply import Reply
from app.agreements.decision import Grant
from app.catalogue.service import catalogue_on
from app.profile import section as pieces

NOW = datetime(2026, 11, 22, tzinfo=UTC)


MANIFEST = msgspec.convert(
    {
        "adapter_id": "fire", "department": "fire", "section": "fire", "title_zh": "消防", "title_en": "fire",
        "base_url": "https://fire.example.org", "sample_business_id": "91330106MA2YYY034D", "unknown_business_id": "91330106MA2YYY034D",
    },
    Manifest,
)  # fmt: skip


def section(data, reach=2):
    spec = pieces.specify(MANIFEST, "fire@1", Grant(reach, True, "a@1"), catalogue_on(NOW.date()))
    values = msgspec.convert(data, shape_of("fire"))
    answered = Reply(
        Outcome.FRESH,
        None,
        1,
        values,
        msgspec.json.encode(values),
        NOW,
        NOW,
        1,
        "sha-256:0000000000000000000000000000000000000000000000000000000000000000",
    )
    return pieces.section_read(pieces.part(spec, answered), NOW)


@pytest.mark.parametrize(
    ("item", "reach", "told"),
    [("疏散通道堆物", 2, True), ("联系人13812345678", 2, False), ("疏散通道堆物", 3, False)],
)
def test_the_sources_digest_is_shown_only_where_nothing_of_the_source_is_hidden(item, reach, told):
    read = section({"rectify_orders": [{"item": item}]}, reach)
    assert (read.source_digest is not None) == told
    assert b"13812345678" not in msgspec.json.encode(read)


@pytest.mark.parametrize("seed", range(60))
def test_a_section_put_together_from_pieces_is_the_same_byte_for_byte(seed):
    """Whatever a department said, and whatever of it may be seen."""
    rng = random.Random(seed)
    name = rng.choice(sorted(SECTIONS))
    shape, classes = shape_of(name), catalogue_on(NOW.date()).of_section(name)
    manifest = msgspec.structs.replace(
        MANIFEST, section=name, catalogue_no=rng.choice(["", "330100-X"])
    )
    given = rng.choice([None, Grant(2, True, "a@1"), Grant(3, True, "a@1"), Grant(4, True, "a")])
    office = rng.choice([None, None, ("330100", True)])
    spec = pieces.specify(manifest, "x@1", given, catalogue_on(NOW.date()), office)
    told = {
        field: rng.choice(["13812345678", "110105180001010028", "x", "S001"])
        for field in classes
        if rng.random() < 0.5
    }
    try:
        values = msgspec.convert(told, shape)
    except msgspec.ValidationError:
        values = shape()
    data = rng.choice([values, values, values, None])
    reply = Reply(
        rng.choice([Outcome.FRESH, Outcome.FRESH, Outcome.CACHED, Outcome.STALE]),
        rng.choice([None, None, "deadline_exceeded"]),
        rng.randint(0, 3000),
        data,
        None if data is None else encode(data),
        rng.choice([NOW, NOW - timedelta(days=3), NOW + timedelta(minutes=3), None]),
        rng.choice([NOW, NOW, None]),
        rng.choice([0, 1, 2]),
        rng.choice([None, "sha-256:" + "0" * 64]),
    )
    part = pieces.part(spec, reply)
    for summary in (False, True):
        same = encode(pieces.section_read(part, NOW, summary=summary, basis="task"))
        assert pieces.section_bytes(part, NOW, summary=summary, basis="task") == same


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        (Outcome.FRESH, None),
        (Outcome.UNAVAILABLE, "热线 0571-12345"),
        (Outcome.STALE, "热线 0571-12345"),
    ],
)
def test_whom_to_tell_is_said_where_a_department_did_not_answer(outcome, shown):
    manifest = msgspec.structs.replace(MANIFEST, contact="热线 0571-12345")
    spec = pieces.specify(manifest, "x@1", Grant(3, True, "a@1"), catalogue_on(NOW.date()))
    reason = None if outcome is Outcome.FRESH else "connect_failed"
    read = pieces.section_read(pieces.part(spec, Reply(outcome, reason, 1)), NOW)
    assert read.contact == shown
