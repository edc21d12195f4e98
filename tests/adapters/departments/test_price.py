"""A mapping is a program: what it may cost is known before it runs, and counted while it does."""

import json
import time
from datetime import UTC, datetime

import pytest

from adapters.contract.convert import to_list
from adapters.contract.errors import AdapterMalformed
from adapters.contract.manifest import FieldRule, Mapping, ResponseSpec
from adapters.contract.sections import SECTIONS
from adapters.departments.standard_rest.mapping import MappingError, compile_fields
from adapters.departments.standard_rest.paths import compile_path
from adapters.departments.standard_rest.price import TooDear, spend, spending
from adapters.departments.standard_rest.reader import Reader
from adapters.transport.exchange import Response
from adapters.transport.guard import Limits

DOCUMENT = {"a": [{"b": n, "c": [{"d": str(n)}]} for n in range(300)], "t": '{"x": [1, 2]}'}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("reverse(a)[0].b", 299),
        ("sum(a[*].b)", 44850),
        ("a[0].b", 0),
        ("a[*].b | [2]", 2),
        ("a[?b > `297`].b", [298, 299]),
        ("a[?c[0].d == '7'] | [0].b", 7),
        ("a[].c[].d | [1]", "1"),
        ("a[:2].b", [0, 1]),
        ("{x: a[0].b, y: t}", {"x": 0, "y": DOCUMENT["t"]}),
        ("[a[0].b, a[1].b]", [0, 1]),
        ("from_json(t).x[1]", 2),
        ("not_null(z, a[0].b)", 0),
        ("length(a)", 300),
        ("a[?starts_with(c[0].d, '29')].b | [0]", 29),
        ("a[0].b == `0` && t", DOCUMENT["t"]),
    ],
)
def test_what_mappings_need_is_within_its_price(path, wanted):
    with spending(2000):
        assert compile_path(path).find(DOCUMENT) == wanted


def doubling(times):
    return "|".join(["[@,@][]"] * times)


@pytest.mark.parametrize(
    "path",
    [
        doubling(24),
        "|".join(["[@,@]"] * 24),
        "|".join(["[@,@]"] * 20) + "|[0]==@",
        "|".join(["{a:@,b:@}"] * 20),
        "|".join(["[@,@]"] * 18) + "|to_string(@)",
        "|".join(["[@,@]"] * 18) + "|contains(@, 'x')",
        "a[*].c[*].d|" + doubling(16),
    ],
)
def test_what_doubles_its_cost_is_ended_and_not_carried_out(path):
    begun = time.process_time()
    try:
        found = compile_path(path)
    except ValueError as refused:
        assert "at most" in str(refused)
    else:
        with pytest.raises(TooDear), spending(2000):
            found.find(DOCUMENT)
        with pytest.raises(AdapterMalformed):
            found.find(DOCUMENT)
    assert time.process_time() - begun < 5, "a bound of this test, not of the product"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("sort_by(a, &b)", "calls sort_by"),
        ("map(&b, a)", "calls map"),
        ("max_by(a, &b)", "calls max_by"),
        ("|".join(["a[?b]"] * 40), "at most"),
        ("(" * 140 + "a" + ")" * 140, None),
        ("!" * 200 + "a", "at most"),
    ],
)
def test_what_has_no_price_is_refused_in_words(path, words):
    if words is None:
        compile_path(path, strict=True)  # brackets cost nothing
        return
    with pytest.raises(ValueError, match=words):
        compile_path(path, strict=True)
    compile_path(path)  # what was published before goes on, within the price of its answers


def test_all_paths_of_an_answer_have_one_purse():
    path = compile_path("a[*].c[*].d")
    with pytest.raises(TooDear), spending(0):
        for _ in range(100):
            path.find(DOCUMENT)


def test_outside_of_an_answer_nothing_is_counted():
    assert spend(10**9) is None
    with spending(0):
        spend(20_000)  # nothing of it was taken off
        with pytest.raises(TooDear):
            spend(1)


def test_a_purse_within_another_leaves_it_as_it_was():
    with spending(0):
        with spending(0), pytest.raises(TooDear):
            spend(10**6)
        spend(10_000)


def test_work_beyond_the_price_is_told_as_such_and_not_as_unreadable():
    """A list of which some fields could be read would look whole."""
    fields = [
        FieldRule(
            to="permits", path="data", each=[FieldRule(to="permit_no", path="not_null(a, b)")]
        )
    ]
    mapping = Mapping(
        response=ResponseSpec(business_id="id", as_of="at", record="@"), fields=fields
    )
    body = json.dumps(
        {"id": "91310115MA1YYY024Y", "at": "2026-11-27T00:00:00Z", "data": [{"b": "1"}] * 6000}
    ).encode()
    reader = Reader(mapping, SECTIONS["food"], Limits(), lambda: datetime(2026, 11, 27, tzinfo=UTC))
    response = Response(200, {b"content-type": b"application/json"}, body, Limits())
    with pytest.raises(AdapterMalformed) as caught:
        reader.read(response, "91310115MA1YYY024Y", "")
    assert caught.value.code == "too_complex"


def test_a_field_is_told_once_and_of_those_before_the_last_one_counts():
    twice = [FieldRule(to="flags", path="a"), FieldRule(to="flags", path="b")]
    mapping = Mapping(fields=twice)
    with pytest.raises(MappingError, match="twice"):
        compile_fields(mapping, SECTIONS["other"], strict=True)
    assert compile_fields(mapping, SECTIONS["other"])({"a": [1], "b": [2]}) == {"flags": [2]}


def test_brackets_without_a_partner_cost_no_more_than_their_text():
    text = "(" * 20_000 + "]" * 20_000
    begun = time.process_time()
    assert to_list(text) == [text]
    assert time.process_time() - begun < 5, "a bound of this test, not of the product"


def test_no_more_date_formats_are_tried_than_a_manifest_may_have():
    many = [f"%Y-%m-%d{n}" for n in range(40)]
    with pytest.raises(MappingError, match="at most 16"):
        compile_fields(Mapping(fields=[], date_formats=many), SECTIONS["other"], strict=True)
