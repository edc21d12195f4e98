"""What the catalogue tells."""


class TestCatalogue:
    async def test_fields_with_class_and_label_but_none_of_class_1(self, gateway):
        fields = (
            await gateway.inspector.get("/v1/catalogue/fields", params={"section": "tax"})
        ).json()
        by_name = {f["field"]: f for f in fields}
        assert by_name["overdue_filing_count"]["field_class"] == 2
        assert by_name["taxpayer_name"]["label"]["zh"] == "纳税人名称"
        assert "declared_tax" not in by_name

    async def test_reasons_and_problem_codes_explain_themselves(self, gateway):
        reasons = (await gateway.inspector.get("/v1/catalogue/reasons")).json()
        assert {"no_record", "deadline_exceeded"} <= {r["code"] for r in reasons}
        shown = (await gateway.client().get("/problems/task.outside_region")).json()
        assert (shown["status"], shown["text"]["zh"]) == (403, "任务地区超出您的管辖范围")
        assert (await gateway.client().get("/problems/nothing")).json()["code"] == "problem.unknown"

    async def test_what_kind_of_data_a_section_is_and_who_may_do_what_with_it(self, gateway):
        found = (await gateway.inspector.get("/v1/catalogue/sections")).json()
        by_name = {kind["section"]: kind for kind in found}
        health = by_name["health"]
        assert (health["category"]["code"], health["category"]["text"]["zh"]) == (
            "medical",
            "医疗数据",
        )
        assert health["stage"]["code"] == "shared"
        assert by_name["customs"]["tiers"] == ["nation", "province", "city"]
        assert by_name["customs"]["important"]
        food = {row["department"]: row["rights"] for row in by_name["food"]["departments"]}
        assert food == {
            "food": ["own", "manage", "use", "transfer"],
            "market_regulation": ["manage", "use"],
        }

    async def test_fields_are_marked(self, gateway):
        fields = (await gateway.inspector.get("/v1/catalogue/fields?section=registration")).json()
        marks = {f["field"]: [mark["code"] for mark in f["marks"]] for f in fields}
        assert (marks["legal_rep_id_no"], marks["entity_name"]) == (["personal"], [])
        assert {f["quality"]["code"] for f in fields} == {"registered"}
