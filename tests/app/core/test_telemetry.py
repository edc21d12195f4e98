"""What operators read."""

from tests.fixtures.databases import ON_SQLITE

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"

PATROL = {"purpose": "patrol"}


@ON_SQLITE
class TestMetrics:
    async def test_operators_see_every_department(self, city):
        await city.inspector.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        text = (await city.client().get("/metrics")).text
        assert 'onevisit_adapter_outcomes_total{adapter="tax",outcome="fresh"} 1.0' in text
        assert 'onevisit_adapter_breaker_state{adapter="tax"} 0.0' in text
        assert 'onevisit_adapter_latency_seconds_count{adapter="tax"} 1.0' in text
        assert "onevisit_audit_outstanding 0.0" in text

    async def test_others_need_the_operators_token(self, published_url, settings_for, issuer):
        from tests.fixtures.gateway import running

        async with running(
            settings_for(published_url, metrics_token="operators-only"), issuer
        ) as gateway:
            assert (await gateway.client().get("/metrics")).status_code == 403
            assert (await gateway.client("operators-only").get("/metrics")).status_code == 200
