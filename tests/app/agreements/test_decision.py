"""The decision against an independent, naive model of the same rules, and the masks."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agreements.decision import Grant, Release, Standing, Terms, field_verdict, grant
from app.agreements.masking import MASKS, mask
from app.catalogue.classification import FieldClass
from app.catalogue.service import catalogue_on
from app.tasks.purposes import PURPOSES

DAY = date(2026, 11, 22)
INSPECTION = Terms("i@1", "*", frozenset({"inspection"}), 2, True)
PATROL = Terms("p@1", "*", frozenset({"patrol"}), 3, True)


def row(name, level, mask_rule="", masked_class=None):
    return FieldClass("s", name, level, mask_rule, masked_class, DAY, None, "x", "H")


@pytest.mark.parametrize(
    ("purpose", "own", "task_open", "reach"),
    [
        ("inspection", False, True, 2),
        ("inspection", False, False, 3),
        ("inspection", True, False, 2),
        ("patrol", False, False, 3),
        ("patrol", False, True, 3),
        ("patrol", True, False, 2),
    ],
)
def test_class_2_needs_a_task_or_the_own_department(purpose, own, task_open, reach):
    standing = Standing(PURPOSES[purpose], "tax" if own else "fire", task_open)
    assert grant(standing, "tax", [INSPECTION, PATROL]).strictest_class == reach


def test_without_an_agreement_for_the_purpose_nothing_is_granted():
    standing = Standing(PURPOSES["patrol"], "tax", task_open=True)
    assert grant(standing, "tax", [INSPECTION]) is None
    assert grant(standing, "tax", [Terms("x", "fire", frozenset({"patrol"}), 2, True)]) is None


def naive(level, mask_rule, masked_class, reach):
    """The same rules, written down once more without looking."""
    if level == 1:
        return "withhold"
    if reach <= level:
        return "mask" if mask_rule and masked_class == level else "release"
    return "mask" if mask_rule and masked_class and reach <= masked_class else "withhold"


@given(
    st.integers(1, 4),
    st.sampled_from(["", "phone"]),
    st.sampled_from([None, 2, 3, 4]),
    st.integers(1, 4),
)
def test_verdicts_agree_with_the_naive_model(level, mask_rule, masked_class, reach):
    verdict = field_verdict(row("a", level, mask_rule, masked_class), Grant(reach, True, "x"))
    assert verdict == naive(level, mask_rule, masked_class, reach)


NAMES = "abcdef"
Record = msgspec.defstruct("Record", [(name, Any, None) for name in NAMES], omit_defaults=True)
values = st.dictionaries(
    st.sampled_from(NAMES),
    st.one_of(st.text(max_size=20), st.lists(st.text(max_size=5)), st.integers()),
)
classes = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 4))


def released(found, table, grant):
    """What leaves, as values and as bytes, and what is said to be withheld."""
    record = Record(**found)
    release = Release(Record, table, grant)
    out = release.apply(record, msgspec.json.encode(record))
    assert msgspec.json.decode(out.encoded) == msgspec.to_builtins(out.values)
    assert record == Record(**found)
    return msgspec.to_builtins(out.values), out.encoded, out.masked, out.classes, release.withheld


@given(values, values, classes, st.integers(2, 4))
def test_no_withheld_value_changes_what_is_released(first, second, levels, reach):
    """Two records that differ only in withheld fields give the same answer, what is withheld included."""
    table = {name: row(name, level) for name, level in levels.items()}
    given_grant = Grant(reach, True, "x")
    hidden = {
        n for n in NAMES if n not in table or field_verdict(table[n], given_grant) == "withhold"
    }
    twin = {
        **{k: v for k, v in first.items() if k not in hidden},
        **{k: v for k, v in second.items() if k in hidden},
    }
    assert released(first, table, given_grant) == released(twin, table, given_grant)


@given(values, classes, st.integers(1, 4))
def test_class_1_and_unlisted_fields_never_leave_and_are_never_mentioned(found, levels, reach):
    shown, _, _, _, withheld = released(
        found, {n: row(n, level) for n, level in levels.items()}, Grant(reach, True, "x")
    )
    assert all(levels.get(name, 1) > 1 for name in shown)
    assert all(hidden.level > 1 for hidden in withheld)


def test_what_is_masked_is_said_and_its_class_is_the_masked_one():
    table = {"a": row("a", 2, "phone", 3), "b": row("b", 4)}
    shown, encoded, masked, levels, _ = released(
        {"a": "13812345678", "b": 1}, table, Grant(3, True, "x")
    )
    assert shown == {"a": "138****5678", "b": 1}
    assert b"13812345678" not in encoded
    assert ([r.field for r in masked], levels) == (["a"], (3, 4))


def test_tax_amounts_are_class_1():
    tax = catalogue_on(DAY).of_section("tax")
    assert {n for n, r in tax.items() if r.level == 1} == {"declared_tax", "declared_revenue"}


@pytest.mark.parametrize(
    ("rule", "value", "wanted"),
    [
        ("id_number", "11010519491231002X", "110105********002X"),
        ("id_number", "110105********002X", "110105********002X"),
        ("id_number", "E12345678", "*********"),
        ("phone", "13812345678", "138****5678"),
        ("phone", "138****5678", "138****5678"),
        ("phone", "0571-88990011", "***********11"),
        (
            "free_text",
            "联系人13812345678，证号11010519491231002X。",
            "联系人138****5678，证号110105********002X。",
        ),
        ("free_text", "代码91370102999999066X", "代码91370102999999066X"),
        ("free_text", "订单20261122138123456789", "订单20261122138123456789"),
        ("free_text", "无", "无"),
    ],
)
def test_masks(rule, value, wanted):
    assert MASKS[rule](value) == wanted


@given(st.sampled_from(sorted(MASKS)), st.text(max_size=60))
def test_masks_are_idempotent(rule, text):
    assert MASKS[rule](MASKS[rule](text)) == MASKS[rule](text)


def test_masks_reach_into_lists_and_records():
    assert mask("phone", [{"a": "13812345678", "b": 7}]) == [{"a": "138****5678", "b": 7}]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话+8613812345678", "电话+86138****5678"),
        ("8613812345678", "86138****5678"),
        ("008613812345678", "0086138****5678"),
        ("013812345678", "0138****5678"),
        ("138-1234-5678", "138-****-5678"),
        ("138 1234 5678", "138 **** 5678"),
        ("电话 13812345678，备用 139-1234-5678", "电话 138****5678，备用 139-****-5678"),
        ("统一代码91330106MA2YYY034D", "统一代码91330106MA2YYY034D"),
        ("JY13301060000001", "JY13301060000001"),
        ("杭西消安检字〔2024〕第0188号", "杭西消安检字〔2024〕第0188号"),
    ],
)
def test_numbers_in_their_usual_spellings_are_masked_and_codes_are_not(text, shown):
    assert mask("free_text", text) == shown
    assert mask("free_text", shown) == shown
