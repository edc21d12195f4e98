"""Identifiers."""

import uuid

from app.core.ids import new_id


def test_ids_are_uuid7_and_ordered_by_time():
    found = [new_id() for _ in range(3)]
    assert all((i.version, i.variant) == (7, uuid.RFC_4122) for i in found)
    assert found[0].int >> 80 <= found[-1].int >> 80
