"""The published vocabulary: exports, words, conversions."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from adapters import contract
from adapters.contract import (
    REASONS,
    SECTIONS,
    AdapterError,
    Manifest,
    convert,
    days,
    shape_of,
)
from adapters.contract.errors import AdapterTimedOut
from adapters.contract.reading import Unreadable, read_record
from adapters.contract.reasons import Outcome
from adapters.fakes.departments import NAMES, manifest_of


def test_the_exports_are_what_departments_may_rely_on():
    assert all(hasattr(contract, name) for name in contract.__all__)
    assert len(contract.__all__) == len(set(contract.__all__)) == 30


@pytest.mark.parametrize("code", sorted(REASONS))
def test_every_reason_has_words_in_both_languages_and_says_what_now(code):
    advice = REASONS[code].advice
    for words in (advice.words, advice.what_now):
        zh, en = words.zh, words.en
        assert any("\u4e00" <= c <= "\u9fff" for c in zh)
        assert en.isascii()
        assert len(en) > 5


def test_every_failing_outcome_has_a_reason():
    reached = {reason.outcome for reason in REASONS.values()}
    assert {
        Outcome.TIMED_OUT,
        Outcome.UNAVAILABLE,
        Outcome.MALFORMED,
        Outcome.DENIED,
        Outcome.SHED,
    } <= reached


def test_an_error_carries_a_known_reason_only():
    assert AdapterTimedOut().outcome is Outcome.TIMED_OUT
    with pytest.raises(KeyError):
        AdapterError("no_such_reason")


def test_thirteen_sections_and_a_common_shape_for_any_other():
    assert set(NAMES) | {"other"} == set(SECTIONS)
    assert shape_of("culture") is SECTIONS["other"]


@pytest.mark.parametrize("name", NAMES)
def test_the_mock_departments_manifests_are_valid(name):
    assert msgspec.convert(manifest_of(name, "http://127.0.0.1:1"), Manifest).adapter_id == name


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2026-01-02", date(2026, 1, 2)),
        ("20260102", date(2026, 1, 2)),
        ("2026/01/02", date(2026, 1, 2)),
        ("2026年01月02日", date(2026, 1, 2)),
        ("2026-01-02T03:04:05", date(2026, 1, 2)),
        ("长期", None),
        ("", None),
        (None, None),
        (date(2026, 1, 2), date(2026, 1, 2)),
    ],
)
def test_dates(value, wanted):
    assert convert.to_date(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T11:04:05+08:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 11:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T11:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("20260102", datetime(2026, 1, 1, 16, tzinfo=UTC)),
        (1767323045000, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_instants_are_aware_and_utc(value, wanted):
    assert days.to_instant(value) == wanted


@pytest.mark.parametrize("value", [None, True, "yesterday", "2026-13-01", 1767323045])
def test_what_is_no_instant_is_refused(value):
    with pytest.raises(ValueError):
        days.to_instant(value)


def test_simple_conversions():
    assert [convert.to_bool(v) for v in ("是", "Y", "1", "否", "0", None, True, "")] == [
        True,
        True,
        True,
        False,
        False,
        None,
        True,
        None,
    ]
    assert convert.to_list("热食、冷食，生食;其他") == ["热食", "冷食", "生食", "其他"]
    assert (convert.to_list(None), convert.to_list([1]), convert.to_list(3)) == ([], [1], [3])
    assert (
        convert.to_int(" 7 "),
        convert.to_int(""),
        convert.to_number("1.5"),
        convert.to_number(None),
    ) == (7, None, 1.5, None)
    assert convert.to_bool("maybe") == convert.Unread(convert.Wanted.TRUTH_VALUE)


@pytest.mark.parametrize("told", [float("inf"), float("-inf"), "1e400", "9" * 400])
def test_a_number_that_is_none_is_named_and_never_told(told):
    """A department in Python may hand over what JSON has no word for."""
    values = {"entity_name": "示例", "registered_capital": told}
    found = read_record(values, SECTIONS["registration"])
    assert found.unreadable == (Unreadable("/registered_capital", convert.Wanted.AMOUNT),)
    assert b"null" not in found.encoded
    nothing = read_record({**values, "registered_capital": float("nan")}, SECTIONS["registration"])
    assert (nothing.encoded, nothing.unreadable) == (found.encoded, ())


def test_a_time_of_a_record_is_after_zero_in_every_reading():
    assert days.to_instant("1970-01-01 08:00:01") == days.BEGINNING.replace(second=1)
    for told in ("0", 0, "/Date(0)/", "1970-01-01 08:00:00", "0002-11-30 00:00:00"):
        with pytest.raises(ValueError, match=r"\w"):
            days.to_instant(told, (days.SECONDS,))
