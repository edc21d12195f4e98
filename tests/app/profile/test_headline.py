"""The truth table of the shop door, row by row."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from adapters.contract import SECTIONS
from app.profile.headline import HEADLINE_REASONS, RULES, Facts, decide

TODAY = date(2026, 11, 22)
AT = datetime(2026, 11, 22, tzinfo=UTC)
FAILURES = ("timed_out", "unavailable", "malformed", "breaker_open", "shed", "denied")


def facts(question, outcome="fresh", data=None, **more):
    reason = more.pop("reason", None if outcome in {"fresh", "cached"} else f"reason_{outcome}")
    spoke = outcome in {"fresh", "cached", "stale"}
    told = msgspec.convert(data or {}, SECTIONS[RULES[question][0]]) if spoke else None
    return Facts(outcome=outcome, reason=reason, data=told, as_of=AT, today=TODAY, **more)


def answer(question, *arguments, **more):
    return decide(question, facts(question, *arguments, **more))[1]


REGISTERED = [
    ("fresh", {"reg_status_code": "1"}, "yes", None),
    ("cached", {"reg_status_code": "1"}, "yes", None),
    ("fresh", {"reg_status_code": "1", "suspended": True}, "yes", None),
    ("fresh", {"reg_status_code": "1", "suspended": False}, "yes", None),
    ("fresh", {"reg_status_code": "2"}, "no", None),
    ("fresh", {"reg_status_code": "3"}, "no", None),
    ("fresh", {"reg_status_code": "4"}, "no", None),
    ("fresh", {"reg_status_code": "5"}, "no", None),
    ("fresh", {"reg_status_code": "6"}, "no", None),
    ("fresh", {"reg_status_code": "9"}, "unknown", "unmapped_status"),
    ("fresh", {}, "unknown", "unmapped_status"),
    ("not_found", {}, "no", None),
    ("not_applicable", {}, "unknown", "reason_not_applicable"),
    ("stale", {"reg_status_code": "1"}, "unknown", "reason_stale"),
    ("stale", {"reg_status_code": "2"}, "unknown", "reason_stale"),
    *((outcome, {}, "unknown", f"reason_{outcome}") for outcome in FAILURES),
]

GOOD = {
    "taxpayer_status": "正常",
    "filing_on_time": "yes",
    "overdue_filing_count": 0,
    "arrears_announced": False,
}
TAXES = [
    ("fresh", GOOD, "yes", None),
    ("fresh", {**GOOD, "taxpayer_status": "停业"}, "yes", None),
    ("fresh", {**GOOD, "taxpayer_status": "非正常"}, "no", None),
    ("fresh", {**GOOD, "overdue_filing_count": 1}, "no", None),
    ("fresh", {**GOOD, "overdue_filing_count": 3}, "no", None),
    ("fresh", {**GOOD, "overdue_periods": ["2025-01"]}, "no", None),
    ("fresh", {**GOOD, "arrears_announced": True}, "no", None),
    ("fresh", {**GOOD, "arrears": [{"tax_kind": "增值税"}]}, "no", None),
    ("fresh", {**GOOD, "arrears_internal": True}, "no", None),
    ("fresh", {**GOOD, "filing_on_time": "no"}, "no", None),
    ("fresh", {**GOOD, "filing_on_time": "unknown"}, "unknown", "not_told"),
    ("fresh", {**GOOD, "taxpayer_status": "注销"}, "unknown", "not_told"),
    ("fresh", {**GOOD, "taxpayer_status": "清算"}, "unknown", "not_told"),
    ("fresh", {**GOOD, "taxpayer_status": "新状态"}, "unknown", "not_told"),
    *(
        ("fresh", {k: v for k, v in GOOD.items() if k != left}, "unknown", "not_told")
        for left in GOOD
    ),
    ("fresh", {}, "unknown", "not_told"),
    ("not_found", {}, "unknown", "reason_not_found"),
    ("stale", GOOD, "unknown", "reason_stale"),
    *((outcome, {}, "unknown", f"reason_{outcome}") for outcome in FAILURES),
]

HELD = {"is_public_gathering_place": True, "fire_permit": "yes"}
FIRE = [
    ("fresh", HELD, "yes", None),
    ("cached", HELD, "yes", None),
    ("fresh", {"fire_permit": "yes"}, "yes", None),
    ("fresh", {**HELD, "is_public_gathering_place": False}, "not_required", None),
    ("fresh", {"is_public_gathering_place": False}, "not_required", None),
    ("fresh", {**HELD, "fire_permit": "not_required"}, "not_required", None),
    ("fresh", {**HELD, "fire_permit": "no"}, "no", None),
    ("fresh", {**HELD, "fire_permit": "expired"}, "no", None),
    ("fresh", {**HELD, "fire_permit": "revoked"}, "no", None),
    ("fresh", {**HELD, "fire_permit": "unknown"}, "unknown", "not_told"),
    ("fresh", {"is_public_gathering_place": True}, "unknown", "not_told"),
    ("fresh", {}, "unknown", "not_told"),
    ("fresh", {**HELD, "fire_pre_opening": {"valid_to": date(2026, 11, 21)}}, "no", None),
    ("fresh", {**HELD, "fire_pre_opening": {"valid_to": "2026-11-21"}}, "no", None),
    ("fresh", {**HELD, "fire_pre_opening": {"valid_to": "2026-11-22"}}, "yes", None),
    ("fresh", {**HELD, "fire_pre_opening": {"revoked_on": "2026-01-01"}}, "no", None),
    ("not_found", {}, "unknown", "reason_not_found"),
    ("not_applicable", {}, "unknown", "reason_not_applicable"),
    ("stale", HELD, "unknown", "reason_stale"),
    *((outcome, {}, "unknown", f"reason_{outcome}") for outcome in FAILURES),
]

TABLE = [
    (q, *row)
    for q, rows in (("registered", REGISTERED), ("taxes_on_time", TAXES), ("fire_permit", FIRE))
    for row in rows
]


@pytest.mark.parametrize(("question", "outcome", "data", "wanted", "reason"), TABLE)
def test_every_row_of_the_truth_table(question, outcome, data, wanted, reason):
    found = answer(question, outcome, data)
    assert (found.answer, found.reason) == (wanted, reason)
    assert (found.fact is None) == (wanted == "unknown")


def test_the_table_is_large_enough_and_no_failure_ever_says_yes():
    assert len(TABLE) >= 60
    assert not any(
        wanted == "yes" and outcome not in {"fresh", "cached"} for _, outcome, _, wanted, _ in TABLE
    )


@pytest.mark.parametrize(
    ("site", "sites", "data", "wanted", "reason"),
    [
        (None, ("S1", "S2"), HELD, "unknown", "site_not_chosen"),
        ("S1", ("S1", "S2"), {**HELD, "site_ref": "S1"}, "yes", None),
        ("S2", ("S1", "S2"), {**HELD, "site_ref": "S1"}, "unknown", "site_unknown"),
        ("S2", ("S1", "S2"), HELD, "unknown", "site_unknown"),
        (None, ("S1",), HELD, "yes", None),
        (None, ("S1", "S2"), {"is_public_gathering_place": False}, "unknown", "site_not_chosen"),
        (
            "S2",
            ("S1", "S2"),
            {"is_public_gathering_place": False, "site_ref": "S1"},
            "unknown",
            "site_unknown",
        ),
        (None, ("S1",), {**HELD, "site_ref": "S0"}, "unknown", "site_not_chosen"),
        (
            None,
            ("S1",),
            {**HELD, "site_ref": "S1", "sites": [{"site_ref": "S1", "answer": "expired"}]},
            "unknown",
            "contradictory",
        ),
        (
            None,
            ("S1",),
            {**HELD, "site_ref": "S1", "sites": [{"site_ref": "S1", "valid_to": "2020-01-01"}]},
            "unknown",
            "contradictory",
        ),
        (
            None,
            ("S1",),
            {**HELD, "site_ref": "S1", "sites": [{"site_ref": "S1", "answer": "yes"}]},
            "yes",
            None,
        ),
        (
            None,
            ("S1",),
            {**HELD, "sites": [{"site_ref": "S1", "answer": "expired"}]},
            "unknown",
            "contradictory",
        ),
        (
            None,
            ("S1",),
            {**HELD, "fire_pre_opening": {"issued_on": "2027-01-01"}},
            "unknown",
            "contradictory",
        ),
    ],
)
def test_another_shops_permit_is_never_lent(site, sites, data, wanted, reason):
    found = answer("fire_permit", data=data, site=site, sites=sites)
    assert (found.answer, found.reason) == (wanted, reason)


def test_without_the_registration_offices_word_no_single_shop_is_taken_for_the_only_one():
    assert (
        answer("fire_permit", data=HELD, sites=("S1",), sites_complete=False).reason
        == "sites_unknown"
    )
    assert (
        answer(
            "fire_permit", data={**HELD, "site_ref": "S1"}, site="S1", sites_complete=False
        ).answer
        == "yes"
    )


def test_a_stale_section_tells_what_was_last_known():
    assert answer("fire_permit", "stale", HELD).last_known.answer == "yes"
    assert answer("registered", "timed_out").last_known is None


@pytest.mark.parametrize("scheme", ["org_code", "tax_no_old", "pollutant_permit"])
def test_silence_about_an_alias_is_not_unlicensed(scheme):
    assert answer("registered", "not_found", scheme=scheme).reason == "alias_unknown"
    assert answer("registered", "not_found", scheme="reg_no").answer == "no"


@pytest.mark.parametrize("code", sorted(HEADLINE_REASONS))
def test_reasons_of_the_headline_have_words(code):
    advice = HEADLINE_REASONS[code]
    zh, en = advice.words.zh, advice.words.en
    now_zh, now_en = advice.what_now.zh, advice.what_now.en
    assert all(any("\u4e00" <= c <= "\u9fff" for c in text) for text in (zh, now_zh))
    assert en.isascii()
    assert now_en.isascii()


def test_every_question_ends_in_a_rule_that_always_holds():
    for question, (_, rules) in RULES.items():
        assert rules[-1].holds(facts(question))
        assert question in {"registered", "taxes_on_time", "fire_permit"}
