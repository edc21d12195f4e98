"""What JSON costs and whether it repeats keys, against a plain parser as the judge."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import AdapterError
from adapters.transport.documents import decode_json
from adapters.transport.guard import Limits
from adapters.transport.scan import check_cost, check_display, repeats_keys

LIMITS = Limits()


def judged(raw):
    """Whether a parser that looks at every pair sees a key twice."""
    seen = []

    def pairs(found):
        seen.append(len({k for k, _ in found}) != len(found))
        return dict(found)

    json.loads(raw, object_pairs_hook=pairs)
    return any(seen)


texts = st.text(alphabet='a:"\\{}[], \u4e2d', max_size=4)
values = st.recursive(
    st.one_of(texts, st.integers(-9, 9), st.none()),
    lambda v: st.lists(v, max_size=3) | st.tuples(texts, v),
    max_leaves=6,
)


@st.composite
def documents(draw):
    """Objects as text, with keys that may repeat, blanks, and escapes that hide colons and quotes."""
    pairs = draw(st.lists(st.tuples(texts, values), min_size=1, max_size=5))
    ascii_only = draw(st.booleans())
    blank = draw(st.sampled_from(["", " ", "\n\t"]))
    rows = [
        f"{json.dumps(k, ensure_ascii=ascii_only)}{blank}:{blank}{json.dumps(v, ensure_ascii=ascii_only)}"
        for k, v in pairs
    ]
    text = "{" + f",{blank}".join(rows) + "}"
    return text.encode()


@given(documents(), st.sampled_from([b"", b'"\\u003a":1,', b'"x":"\\u003A",', b'"\\"":":",']))
def test_repeated_keys_are_found_as_by_a_parser(raw, more):
    raw = b"{" + more + raw[1:]
    told = repeats_keys(raw, msgspec.json.decode(raw))
    assert told in (None, judged(raw))
    try:
        decode_json(raw, LIMITS)
        refused = False
    except AdapterError as error:
        refused = error.code == "duplicate_key"
    assert refused == judged(raw)


def code_of(call, *arguments):
    with pytest.raises(AdapterError) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 33 + b"]" * 33,
        b"[" + b"1," * 20_000 + b"1]",
        b'["' + b"x" * 70_000 + b'"]',
        b"{" + b",".join(b'"%d":1' % n for n in range(11_000)) + b"}",
        b'["' + b'","' * 30_000 + b'"]',
    ],
)
def test_costly_documents_are_refused_before_they_are_decoded(raw):
    assert code_of(check_cost, raw, LIMITS) == "too_complex"


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 32 + b"]" * 32,
        b"[" + b"1," * 19_000 + b"1]",
        b'["' + b"[" * 40_000 + b'"]',
        b'["' + b'\\"[{,:' * 6_000 + b'"]',
        b'["' + b"x" * 65_000 + b'"]',
    ],
)
def test_honest_documents_near_the_bounds_pass(raw):
    check_cost(raw, LIMITS)


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u202a"])
def test_marks_that_reorder_a_text_are_refused(mark):
    assert code_of(check_display, f'{{"name":"a{mark}b"}}'.encode()) == "deceptive_text"


def test_ordinary_punctuation_is_fine():
    check_display("“示例”——…①".encode())
