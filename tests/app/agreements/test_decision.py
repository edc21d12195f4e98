"""The decision against an independent, naive model of the same rules, and the masks."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agreements.decision import (
    BY_AGREEMENT,
    NOT_AGREED,
    REGION_FOREIGN,
    REGION_UNKNOWN,
    TASK_ALONE,
    TASK_ELSEWHERE,
    TASK_FOREIGN,
    TASK_MISSING,
    DatedTerms,
    Grant,
    Release,
    Standing,
    Terms,
    field_verdict,
    grant,
    in_force,
    reason_of,
    serving,
)
from app.agreements.errors import TaskNotYours
from app.agreements.masking import MASKS, mask
from app.agreements.standing import Asked, standing_of
from app.catalogue.classification import FieldClass
from app.catalogue.service import catalogue_on
from app.tasks.lifecycle import OpenTask
from app.tasks.purposes import PURPOSES
from auth.principal import Principal, Role

DAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
INSPECTION = Terms("i@1", "*", frozenset({"inspection"}), 2, True)
PATROL = Terms("p@1", "*", frozenset({"patrol"}), 3, True)


def row(name, level, mask_rule="", masked_class=None):
    return FieldClass("s", name, level, mask_rule, masked_class, DAY, None, "x", "H")


@pytest.mark.parametrize("purpose", ["inspection", "patrol"])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("region", ["", REGION_UNKNOWN, REGION_FOREIGN])
@pytest.mark.parametrize("task", ["", TASK_MISSING, TASK_FOREIGN, TASK_ALONE])
def test_class_2_needs_the_region_and_a_task_or_the_own_department(purpose, own, region, task):
    standing = Standing(PURPOSES[purpose], "tax" if own else "fire", region, task)
    given = grant(standing, "tax", "s", serving(standing, [INSPECTION, PATROL]))
    agreed = 2 if own else {"inspection": 2, "patrol": 3}[purpose]
    if region:
        wanted, why = (4 if purpose == "patrol" else 3), region
    elif own or not task:
        wanted, why = agreed, BY_AGREEMENT
    else:
        wanted, why = 3, task
    assert (given.reach("a"), given.agreed_on("a")) == (wanted, agreed)
    for level in range(2, wanted):
        assert reason_of(row("a", level), given) == (BY_AGREEMENT if level < agreed else why)


def asked(*, task=None, region="330106", **more):
    caller = Principal("wang", frozenset({Role.INSPECTOR}), "fire", "330100")
    values = {"principal": caller, "business_id": "b", "site": None, "purpose": "inspection"}
    tasks = {} if task is None else {task.id: task}
    values |= {"task": task.id if task else None, "tasks": tasks, "now": NOW, "region": region}
    return Asked(**{**values, **more})


def open_task(**more):
    values = {
        "id": "t", "business_id": "b", "site": None, "purpose": "inspection", "region": "330106",
        "assignees": frozenset({"wang"}), "opened_by": "chen", "ends_at": NOW + timedelta(hours=1),
        "opened_in": "330100", "department": "fire",
    }  # fmt: skip
    return OpenTask(**{**values, **more})


@pytest.mark.parametrize(
    ("task", "more", "region", "opens"),
    [
        ({}, {}, "", ""),
        ({}, {"region": ""}, REGION_UNKNOWN, TASK_ELSEWHERE),
        ({}, {"region": "310115"}, REGION_FOREIGN, TASK_ELSEWHERE),
        ({"region": ""}, {}, "", ""),
        ({"region": "", "opened_in": "330108"}, {}, "", TASK_ELSEWHERE),
        ({"opened_in": "330108"}, {}, "", TASK_ELSEWHERE),
        ({"opened_in": ""}, {}, "", ""),
        ({"opened_by": "wang"}, {}, "", TASK_ALONE),
        ({"opened_by": "wang", "approved_by": "wang"}, {}, "", TASK_ALONE),
        ({"opened_by": "wang", "approved_by": "li"}, {}, "", ""),
        ({"department": "tax"}, {}, "", TASK_FOREIGN),
        ({"department": ""}, {}, "", ""),
    ],
)
def test_what_a_task_opens(task, more, region, opens):
    standing = standing_of(asked(task=open_task(**task), **more))
    assert (standing.region, standing.task) == (region, opens)


def test_a_task_of_another_region_serves_nobody_here():
    with pytest.raises(TaskNotYours):
        standing_of(asked(task=open_task(region="310115")))
    with pytest.raises(TaskNotYours):
        standing_of(asked(task=open_task(region="", opened_in="310000")))
    of_province = standing_of(asked(task=open_task(region="", opened_in="330000")))
    assert of_province.task == "", "a wider leader may assign while nobody knows where it is"


def test_without_an_agreement_for_the_purpose_nothing_is_granted():
    standing = Standing(PURPOSES["patrol"], "tax", "", "")
    of_fire = Terms("x", "fire", frozenset({"patrol"}), 2, True)
    for terms in ([INSPECTION], [of_fire]):
        assert grant(standing, "tax", "s", serving(standing, terms)) is None


def terms(**more):
    values = {"agreement": "x", "source": "tax", "purposes": frozenset({"inspection"})}
    return Terms(**{**values, "strictest_class": 2, "headline": False, **more})


@pytest.mark.parametrize(
    ("more", "who", "served"),
    [
        ({"application": "fire"}, {"unit": "fire"}, True),
        ({"application": "fire"}, {"unit": "food"}, False),
        ({"application": "fire"}, {"unit": ""}, False),
        ({"application_region": "330100"}, {"acts_in": "330106"}, True),
        ({"application_region": "330100"}, {"acts_in": "330000"}, False),
        ({"regions": ("330100",)}, {"lies_in": "330106"}, True),
        ({"regions": ("330100",)}, {"lies_in": "310115"}, False),
        ({"regions": ("330100",)}, {"lies_in": ""}, True),
        ({"roles": frozenset({Role.PATROLLER})}, {"roles": frozenset({Role.INSPECTOR})}, False),
        ({"roles": frozenset({Role.PATROLLER})}, {"roles": frozenset({Role.PATROLLER})}, True),
        ({"purposes": frozenset({"patrol"})}, {}, False),
    ],
)
def test_whom_an_agreement_serves(more, who, served):
    standing = Standing(PURPOSES["inspection"], None, "", "", **who)
    assert bool(serving(standing, [terms(**more)])) is served


def test_fields_are_those_of_the_agreements_that_name_them():
    """Several agreements about a section add up, each as deep as it goes."""
    standing = Standing(PURPOSES["inspection"], None, "", "")
    both = [
        terms(sections={"s": frozenset({"a"})}),
        terms(agreement="y", strictest_class=4, sections={"s": frozenset({"a", "b"})}),
    ]
    given = grant(standing, "tax", "s", both)
    assert [given.reach(name) for name in "abc"] == [2, 4, None]
    verdicts = [field_verdict(row(name, 3), given) for name in "abc"]
    assert verdicts == ["release", "withhold", "withhold"]
    assert [reason_of(row(name, 3), given) for name in "bc"] == [BY_AGREEMENT, NOT_AGREED]
    assert grant(standing, "tax", "other", both) is None


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


def test_an_agreement_gives_nothing_before_and_after_its_term():
    dated = DatedTerms(TERMS_OF_A_DAY, date(2026, 1, 1), date(2026, 6, 30))
    assert in_force((dated,), date(2026, 6, 30)) == (TERMS_OF_A_DAY,)
    for day in (date(2025, 12, 31), date(2026, 7, 1)):
        assert in_force((dated,), day) == ()


TERMS_OF_A_DAY = Terms("a@1", "tax", frozenset({"inspection"}), 3, headline=False)
