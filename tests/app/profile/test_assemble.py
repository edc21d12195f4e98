"""What a section says about itself: nothing that lets a reader find out what it hides."""

from datetime import UTC, datetime

import msgspec
import pytest

from adapters.contract import Manifest, Outcome, shape_of
from adapters.dispatch.reply import Reply
from app.agreements.decision import Grant
from app.catalogue.service import catalogue_on
from app.profile import assemble

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def section(data, reach=2):
    manifest = msgspec.convert(
        {
            "adapter_id": "fire", "department": "fire", "section": "fire", "title_zh": "消防", "title_en": "fire",
            "base_url": "https://fire.example.org", "sample_business_id": "91330106MA2YYY034D", "unknown_business_id": "91330106MA2YYY034D",
        },
        Manifest,
    )  # fmt: skip
    spec = assemble.specify(manifest, "fire@1", Grant(reach, True, "a@1"), catalogue_on(NOW.date()))
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
    return assemble.section_read(assemble.part(spec, answered), NOW)


@pytest.mark.parametrize(
    ("item", "reach", "told"),
    [("疏散通道堆物", 2, True), ("联系人13812345678", 2, False), ("疏散通道堆物", 3, False)],
)
def test_the_sources_digest_is_shown_only_where_nothing_of_the_source_is_hidden(item, reach, told):
    read = section({"rectify_orders": [{"item": item}]}, reach)
    assert (read.source_digest is not None) == told
    assert b"13812345678" not in msgspec.json.encode(read)
