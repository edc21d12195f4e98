"""What the catalogue tells."""

from msgspec import structs

from adapters.contract.sections import SECTIONS


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

    async def test_everything_in_a_profile_has_a_name(self, gateway):
        told = (await gateway.inspector.get("/v1/catalogue/labels")).json()
        assert told["sections"]["fire"]["zh"] == "消防"
        assert told["fields"]["tax.taxpayer_name"]["zh"] == "纳税人名称"
        assert told["fields"]["food.permits.valid_to"]["zh"] == "有效期至"
        assert told["values"]["food.permits.status=valid"]["zh"] == "有效"
        assert told["values"]["fire.fire_permit=not_required"]["zh"] == "无需办理"
        for section, shape in SECTIONS.items():
            for field in structs.fields(shape):
                assert f"{section}.{field.name}" in told["fields"]
        words = [w for group in told.values() for w in group.values()]
        assert all(word["zh"] and word["en"] for word in words)

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
