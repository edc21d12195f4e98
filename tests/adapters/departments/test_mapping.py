"""Declarative and Python mappings: the department's words into ours, and what cannot be translated."""

from datetime import date
from urllib.parse import quote

import msgspec
import pytest

from adapters.contract import Condition, Mapping
from adapters.contract.convert import Unread, Wanted
from adapters.contract.sections import PublicSecurity, Tax
from adapters.departments.public_security.mapping import to_public_security
from adapters.departments.standard_rest.mapping import (
    MappingError,
    compile_condition,
    compile_fields,
)
from adapters.departments.standard_rest.question import fill
from adapters.departments.tax.mapping import to_tax
from adapters.transport.answers import read_shape


def shape_of_values(values, shape):
    return read_shape(values, shape).data


class Inner(msgspec.Struct):
    b: object = None


class Shape(msgspec.Struct):
    a: list[Inner] | Inner | None = None


class Both(msgspec.Struct):
    a: str | None = None
    c: list[Inner] | None = None


def quoted(value):
    return quote(value, safe="")


def mapping(*fields, **more):
    return msgspec.convert({"fields": list(fields), **more}, Mapping)


class TestDeclarative:
    @pytest.mark.parametrize(
        ("rule", "record", "wanted"),
        [
            ({"to": "a", "path": "x.y"}, {"x": {"y": 1}}, {"a": 1}),
            ({"to": "a", "path": "x.y"}, {"x": 3}, None),
            ({"to": "a", "path": "x", "default": "n"}, {}, None),
            ({"to": "a", "path": "x", "default": "n"}, {"x": None}, {"a": "n"}),
            ({"to": "a", "path": "x[0].z"}, {"x": [{"z": 2}]}, {"a": 2}),
            ({"to": "a", "path": '"许可".z'}, {"许可": {"z": 2}}, {"a": 2}),
            ({"to": "a", "path": '"@z"'}, {"@z": 2}, {"a": 2}),
            ({"to": "a", "path": "from_json(x).z"}, {"x": '{"z": 2}'}, {"a": 2}),
            (
                {"to": "a", "path": "x", "convert": "date"},
                {"x": "20260102"},
                {"a": date(2026, 1, 2)},
            ),
            ({"to": "a", "path": "x", "convert": "bool"}, {"x": "是"}, {"a": True}),
            ({"to": "a", "path": "x", "convert": "int"}, {"x": "7"}, {"a": 7}),
            ({"to": "a", "path": "x", "convert": "code", "table": "t"}, {"x": 1}, {"a": "one"}),
            ({"to": "a", "path": "x", "convert": "code", "table": "t"}, {"x": 9}, {"a": "other"}),
            (
                {"to": "a", "path": "x", "convert": "code", "table": "closed"},
                {"x": 9},
                {"a": Unread(Wanted.CODE, "9")},
            ),
            (
                {"to": "a", "path": "x", "each": [{"to": "b", "path": "c"}]},
                {"x": [{"c": 1}, {"c": 2}]},
                {"a": [{"b": 1}, {"b": 2}]},
            ),
            (
                {"to": "a", "path": "x", "each": [{"to": "b", "path": "c"}]},
                {"x": {"c": 1}},
                {"a": [{"b": 1}]},
            ),
            ({"to": "a", "path": "x", "each": [{"to": "b", "path": "c"}]}, {}, None),
            ({"to": "a", "path": "x", "each": [{"to": "b", "path": "c"}]}, {"x": []}, {"a": []}),
            ({"to": "a", "path": "x", "each": [{"to": "b", "path": "c"}]}, {"x": None}, {"a": []}),
            (
                {"to": "a", "path": "x", "fields": [{"to": "b", "path": "c"}]},
                {"x": {"c": 1}},
                {"a": {"b": 1}},
            ),
            ({"to": "a", "path": "x", "fields": [{"to": "b", "path": "c"}]}, {"x": {}}, None),
            ({"to": "a", "path": "@"}, {"x": 1}, {"a": {"x": 1}}),
            ({"to": "a", "path": "length(x)"}, {"x": 7}, {"a": Unread(Wanted.TEXT)}),
        ],
    )
    def test_rules(self, rule, record, wanted):
        tables = {"t": {"1": "one", "*": "other"}, "closed": {"1": "one"}}
        assert compile_fields(mapping(rule, tables=tables), Shape)(record) == wanted

    @pytest.mark.parametrize(
        ("told", "wanted"),
        [
            ("无", []),
            ("—", []),
            (["无", "", []], []),
            ([{"c": 1}, "无"], [{"b": 1}]),
            (5, [Unread(Wanted.OBJECT)]),
            ('[{"c": "1"}]', [Unread(Wanted.OBJECT)]),
        ],
    )
    def test_what_is_no_object_makes_no_empty_one(self, told, wanted):
        rule = {"to": "a", "path": "x", "each": [{"to": "b", "path": "c"}]}
        assert compile_fields(mapping(rule), Shape)({"x": told}) == {"a": wanted}

    def test_one_field_that_does_not_fit_costs_no_other(self):
        rules = (
            {"to": "c", "path": "from_json(x)", "each": [{"to": "b", "path": "c"}]},
            {"to": "a", "path": "y", "convert": "text"},
        )
        build = compile_fields(mapping(*rules), Both)
        for told in ("{bad", "无", 5, ["a"]):
            assert build({"x": told, "y": "是"}) == {"c": Unread(Wanted.TEXT), "a": "是"}
        for told in ("  ", "", None, {"@type": "json", "#text": "[]"}):
            assert build({"x": told, "y": "是"}) == {"c": [], "a": "是"}

    def test_an_element_with_attributes_alone_tells_nothing(self):
        rule = {"to": "a", "path": "x", "convert": "text"}
        build = compile_fields(mapping(rule), Shape)
        assert build({"x": {"@type": "date"}}) == {}
        assert build({"x": {"@type": "date", "#text": "甲"}}) == {"a": "甲"}
        several = compile_fields(mapping({"to": "a", "path": "x", "convert": "list"}), Shape)
        assert several({"x": [{"@k": "1", "#text": "甲"}, "乙"]}) == {"a": ["甲", "乙"]}

    def test_without_fields_the_record_is_canonical_already(self):
        assert compile_fields(Mapping(), Shape)({"a": 1}) == {"a": 1}
        assert compile_fields(Mapping(), Shape)({"A": 1}) is None

    @pytest.mark.parametrize(
        ("rule", "pointer"),
        [
            ({"to": "a", "path": "x["}, "/fields/0/path"),
            ({"to": "a", "path": "x", "convert": "code"}, "/fields/0/table"),
            ({"to": "nonsense", "path": "x"}, "/fields/0/to"),
            ({"to": "a", "path": "x", "each": [{"to": "b", "path": "]"}]}, "/fields/0/each/0/path"),
            ({"to": "a", "path": "x", "each": [{"to": "c", "path": "c"}]}, "/fields/0/each/0/to"),
            (
                {"to": "a", "path": "x", "fields": [{"to": "c", "path": "c"}]},
                "/fields/0/fields/0/to",
            ),
        ],
    )
    def test_rules_that_cannot_work_are_found_before_they_are_used(self, rule, pointer):
        with pytest.raises(MappingError) as caught:
            compile_fields(mapping(rule), Shape, strict=True)
        assert caught.value.pointer == pointer

    def test_what_was_published_before_it_was_known_to_be_wrong_still_answers(self):
        rule = {
            "to": "a",
            "path": "x",
            "each": [{"to": "c", "path": "c"}, {"to": "b", "path": "b"}],
        }
        build = compile_fields(mapping(rule, date_formats=["%Y-%m"]), Shape)
        assert build({"x": [{"b": 1, "c": 2}]}) == {"a": [{"b": 1}]}

    def test_field_names_in_chinese_are_refused_with_words_that_help(self):
        with pytest.raises(MappingError) as caught:
            compile_fields(mapping({"to": "a", "path": "许可.有效期-止"}), Shape)
        assert '"许可"."有效期-止"' in caught.value.detail
        assert "quotes" in caught.value.detail

    @pytest.mark.parametrize(
        ("condition", "status", "document", "wanted"),
        [
            (Condition(status=404, path="error", equals="none"), 404, {"error": "none"}, True),
            (
                Condition(status=404, path="error", equals="none"),
                404,
                {"detail": "Not Found"},
                False,
            ),
            (Condition(path="code", equals=0), 200, {"code": 0}, True),
            (Condition(path="code", equals=0), 200, {"code": "0"}, True),
            (Condition(path="code", equals=0), 200, {}, False),
            (Condition(path="rows", empty=True), 200, {"rows": []}, True),
            (Condition(path="rows", empty=True), 200, {"rows": [1]}, False),
            (Condition(path="rows", empty=True), 200, {"rows": None}, True),
            (Condition(path="rows", empty=True), 200, {}, False),
            (Condition(path="a.rows", empty=True), 200, {"a": {}}, False),
            (Condition(path="rows[0]", empty=True), 200, {"rows": []}, True),
            (Condition(path="rows[0]", empty=True), 200, {}, False),
            (Condition(path="code", equals=["00", "01"]), 200, {"code": "01"}, True),
            (Condition(path="code", equals=["00", "01"]), 200, {"code": "1"}, False),
            (Condition(path="ok", equals=True), 200, {"ok": "true"}, True),
            (Condition(path="code", equals="None"), 200, {"code": None}, False),
            (Condition(status=204), 204, None, True),
            (Condition(status=200, path="code", equals="x"), 404, {"code": "x"}, False),
        ],
    )
    def test_conditions(self, condition, status, document, wanted):
        assert compile_condition(condition)(status, document) is wanted

    @pytest.mark.parametrize(
        "condition", [Condition(status=404), Condition(path="a", equals=1, reason="because")]
    )
    def test_a_status_alone_and_an_unknown_reason_are_no_conditions(self, condition):
        with pytest.raises(MappingError):
            compile_condition(condition)

    @pytest.mark.parametrize("formats", [["%Y%Y"], ["%Y-%m-%d%Q"], ["%Y-%m"], ["%m/%d"]])
    def test_date_formats_are_tried_before_they_are_used(self, formats):
        with pytest.raises(MappingError) as caught:
            compile_fields(
                mapping({"to": "a", "path": "x"}, date_formats=formats), Shape, strict=True
            )
        assert caught.value.pointer == "/date_formats/0"

    def test_templates_are_filled_and_escaped_for_their_place(self):
        values = {"business_id": "a/b?c{site}", "site": "S"}
        assert fill("/x/{business_id}", values, quoted) == "/x/a%2Fb%3Fc%7Bsite%7D"
        assert fill({"q": ["{business_id}{site}", 1, "{other}"]}, values) == {
            "q": ["a/b?c{site}S", 1, "{other}"]
        }


class TestTax:
    def test_code_tables_and_raw_text(self):
        assert to_tax({"nsrzt_dm": "05"})["taxpayer_status"] == "非正常"
        assert to_tax({"nsrzt_dm": "77", "nsrztmc": "新状态"})["taxpayer_status"] == "新状态"
        assert to_tax({})["filing_on_time"] == "unknown"

    def test_arrears_are_rows(self):
        values = to_tax({"qsggbz": "1", "qsgg": [{"zsxmmc": "增值税", "ggrq": "20260401"}]})
        shaped = shape_of_values(values, Tax)
        assert shaped.arrears[0].tax_kind == "增值税"


class TestPublicSecurity:
    def test_rows_are_told_apart_by_their_kind(self):
        rows = [
            {"LB": "XK", "MC": "特种行业许可证", "BH": "1", "QSRQ": "2022-05-01"},
            {"LB": "CF", "MC": "责令整改", "ZT": "未整改"},
            {"LB": "BQ", "BH": "KEY", "MC": "重点单位"},
        ]
        shaped = shape_of_values(
            to_public_security({"XKZT": "有效", "LXTS": "90", "JLS": {"JL": rows}}), PublicSecurity
        )
        assert (len(shaped.permits), shaped.orders[0].state, shaped.flags[0].code) == (
            1,
            "open",
            "KEY",
        )

    def test_a_single_row_is_a_list_of_one_and_an_unknown_state_is_unknown(self):
        shaped = shape_of_values(to_public_security({"JLS": {"JL": {"LB": "XK"}}}), PublicSecurity)
        assert (len(shaped.permits), shaped.special_trade_permit) == (1, "unknown")
