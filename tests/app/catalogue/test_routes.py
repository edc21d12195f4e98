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
