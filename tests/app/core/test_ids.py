"""Identifiers."""

import uuid
from datetime import timedelta

from app.core.ids import new_id, new_id_text, new_trace_id, span_of


def test_ids_are_uuid7_and_ordered_by_time():
    found = [new_id() for _ in range(3)]
    assert all((i.version, i.variant) == (7, uuid.RFC_4122) for i in found)
    assert found[0].int >> 80 <= found[-1].int >> 80


def test_a_trace_id_of_ours_says_where_to_look():
    before = new_id_text()
    trace_id = new_trace_id()
    first, last = span_of(trace_id, timedelta(seconds=10), timedelta(hours=1))
    assert first < before < last
    assert first < new_id_text() < last
    early, late = span_of(trace_id, timedelta(hours=2), timedelta(hours=-1))
    assert early < late < before
    for foreign in (
        "0" * 31 + "1",
        "f" * 32,
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "000000000000" + "7" + trace_id[13:],
    ):
        assert span_of(foreign, timedelta(), timedelta()) is None
