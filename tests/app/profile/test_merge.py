"""Contradictions and findings: what must agree, what may be spelled differently, what an officer should notice."""

from datetime import date

import msgspec
import pytest

from adapters.contract import SECTIONS
from app.catalogue.service import catalogue_on
from app.profile.findings import notice
from app.profile.merge import comparable_name, comparable_person, find_conflicts, values_at

TODAY = date(2026, 11, 22)
CATALOGUE = catalogue_on(TODAY)


def told(**sections):
    return {name: msgspec.convert(data, SECTIONS[name]) for name, data in sections.items()}


def conflicts(**sections):
    return {c.element for c in find_conflicts(told(**sections), {}, CATALOGUE)}


@pytest.mark.parametrize(
    "other",
    [
        "杭州示例餐饮有限公司",
        "杭州市示例餐饮有限公司",
        "示例餐饮有限公司",
        "示例（杭州）餐饮有限公司",
        "示例(杭州)餐饮有限责任公司",
        " 杭州 示例餐饮有限公司 ",
        "浙江省杭州市示例餐饮有限公司",
    ],
)
def test_spellings_of_one_name_are_no_conflict(other):
    assert (
        conflicts(
            registration={"entity_name": "杭州示例餐饮有限公司"}, tax={"taxpayer_name": other}
        )
        == set()
    )


@pytest.mark.parametrize("other", ["杭州样板餐饮有限公司", "示例餐饮二店", "杭州"])
def test_another_name_is_a_conflict(other):
    assert conflicts(
        registration={"entity_name": "杭州示例餐饮有限公司"}, tax={"taxpayer_name": other}
    ) == {"entity_name"}


def test_names_are_comparable_without_losing_themselves():
    assert comparable_name("杭州", CATALOGUE.regions).writings == {"杭州"}
    assert comparable_name("有限公司", CATALOGUE.regions).writings == {"有限公司"}
    assert comparable_person("阿卜杜拉·买买提") == comparable_person("阿卜杜拉・买买提")


@pytest.mark.parametrize(
    ("registration", "food", "wanted"),
    [
        ("王某", "王某", set()),
        ("王某", "王 某", set()),
        ("王某", "李某", {"legal_rep_name"}),
        ("王*", "李某", set()),
        ("王某", None, set()),
    ],
)
def test_legal_representatives(registration, food, wanted):
    assert (
        conflicts(registration={"legal_rep_name": registration}, food={"legal_rep_name": food})
        == wanted
    )


@pytest.mark.parametrize(
    ("code", "status", "wanted"),
    [
        ("2", "正常", {"status"}),
        ("4", "注销", set()),
        ("1", "正常", set()),
        ("1", "注销", {"status"}),
        ("9", "正常", set()),
        ("2", "非正常", set()),
    ],
)
def test_alive_here_and_dead_there(code, status, wanted):
    assert (
        conflicts(registration={"reg_status_code": code}, tax={"taxpayer_status": status}) == wanted
    )


@pytest.mark.parametrize(
    ("published", "issued", "wanted"),
    [
        (["JY13301061234567"], ["JY13301061234567"], set()),
        (["JY13301061234567", "JY13301061234568"], ["JY13301061234568"], set()),
        (["JY13301061234567"], ["JY23301061234567"], {"permit_no"}),
        ([], ["JY13301061234567"], set()),
        (["其他许可1"], ["JY13301061234567"], set()),
    ],
)
def test_permit_numbers(published, issued, wanted):
    rows = {
        "registration": [{"permit_no": n} for n in published],
        "food": [{"permit_no": n} for n in issued],
    }
    assert (
        conflicts(registration={"permits": rows["registration"]}, food={"permits": rows["food"]})
        == wanted
    )


@pytest.mark.parametrize(
    ("published", "issued", "wanted"),
    [
        ({"JY13301061234567": "S1"}, {"JY13301061234567": "S1"}, set()),
        ({"JY13301061234567": "S2"}, {"JY13301061234567": "S1"}, {"permit_site"}),
        ({"JY13301061234567": None}, {"JY13301061234567": "S1"}, set()),
        ({"JY13301061234567": "S1"}, {"JY13301061234567": "S1", "JY13301061234568": "S2"}, set()),
        ({"other": "S2"}, {"other": "S1"}, set()),
        ({}, {"JY13301061234567": "S1"}, set()),
    ],
)
def test_the_site_of_a_permit(published, issued, wanted):
    rows = [
        [{"permit_no": n, "site_ref": s} for n, s in side.items()] for side in (published, issued)
    ]
    assert (
        conflicts(registration={"permits": rows[0]}, food={"permits": rows[1]}) - {"permit_no"}
        == wanted
    )


def test_without_the_authority_there_is_nothing_to_compare():
    assert conflicts(tax={"taxpayer_name": "甲"}, food={"holder_name": "乙"}) == set()


def test_pointers():
    data = msgspec.convert(
        {"permits": [{"permit_no": "1"}, {}], "entity_name": "甲"}, SECTIONS["registration"]
    )
    assert values_at(data, "/permits/*/permit_no") == ["1"]
    assert (values_at(data, "/entity_name"), values_at(data, "/x/y")) == (["甲"], [])


@pytest.mark.parametrize(
    ("section", "data", "codes"),
    [
        ("food", {"permits": [{"valid_to": "2026-12-13"}]}, ["food.permit_expires_soon"]),
        ("food", {"permits": [{"valid_to": date(2026, 11, 1)}]}, ["food.permit_expired"]),
        ("food", {"permits": [{"valid_to": "2028-01-01"}, {}]}, []),
        (
            "fire",
            {"is_public_gathering_place": True, "sites": [{"site_ref": "S1", "answer": "expired"}]},
            ["fire.permit_expired"],
        ),
        (
            "fire",
            {"is_public_gathering_place": False, "sites": [{"site_ref": "S1", "answer": "no"}]},
            [],
        ),
        (
            "fire",
            {"rectify_orders": [{"state": "open"}, {"state": "rectified"}]},
            ["fire.order_open"],
        ),
        ("registration", {"suspended": True}, ["registration.suspended"]),
        (
            "registration",
            {"abnormal": [{"listed_on": "2026-01-01"}]},
            ["registration.abnormal_listed"],
        ),
        ("registration", {"abnormal": [{"removed_on": "2026-01-01"}]}, []),
        ("registration", {"serious_illegal": [{}]}, ["registration.serious_illegal"]),
        (
            "special_equipment",
            {"overdue_inspection_count": 2},
            ["special_equipment.overdue_inspection_count"],
        ),
        ("human_resources", {"wage_arrears_listed": True}, ["human_resources.wage_arrears_listed"]),
        ("ecology", {"monitor_exceeded": False}, []),
        ("customs", {"x": 1}, []),
    ],
)
def test_findings(section, data, codes):
    assert [n.code for n in notice(told(**{section: data}), TODAY)] == codes


def test_serious_findings_come_first_and_all_cite_what_they_rest_on():
    found = notice(
        told(registration={"suspended": True}, ecology={"monitor_exceeded": True}), TODAY
    )
    assert [n.severity for n in found] == ["serious", "attention"]
    assert all(c.startswith("/sections/") for n in found for c in n.cites)
