"""What a department is told about the question: nothing in it may become a header of its own."""

import pytest

from adapters.contract import AdapterError, AdapterQuery
from adapters.transport.heads import head_of


def query(**changes):
    values = {
        "purpose": "patrol",
        "unit": "fire",
        "trace_id": "0" * 32,
        "traceparent": "00-x-y-01",
        **changes,
    }
    return AdapterQuery(
        business_id="91330106MA2YYY034D", scheme="uscc", site=None, deadline=0.0, **values
    )


def test_the_head_says_who_asks_why_and_until_when():
    head = head_of(query(unit="消防"), 980).decode()
    assert head == (
        f"X-Request-Id: {'0' * 32}\r\nX-Purpose: patrol\r\nX-Unit: %E6%B6%88%E9%98%B2\r\nDeadline: 980\r\nTraceparent: 00-x-y-01\r\n"
    )


@pytest.mark.parametrize("name", ["purpose", "unit", "trace_id", "traceparent"])
@pytest.mark.parametrize(
    "smuggled", ["a\r\nX-Admin: 1", "a\nX-Admin: 1", "a\rX-Admin: 1", "a\x00b"]
)
def test_no_value_becomes_a_header_of_its_own(name, smuggled):
    with pytest.raises(AdapterError) as caught:
        head_of(query(**{name: smuggled}), 980)
    assert caught.value.code == "request_refused"
