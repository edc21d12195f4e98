"""Operators' doors."""

from app.core.deps import CHECKS


async def test_health_needs_no_token(gateway):
    client = gateway.client()
    assert [(await client.get(p)).json()["status"] for p in ("/livez", "/readyz")] == [
        "alive",
        "ready",
    ]


async def test_what_is_wanting_is_named_and_nobody_is_sent_here(gateway):
    checks = CHECKS.of(gateway.app)
    assert {"stopping", "policy", "audit"} <= set(checks)
    for name in checks:
        before, checks[name] = checks[name], lambda: False
        answer = await gateway.client().get("/readyz")
        checks[name] = before
        assert (answer.status_code, answer.json()["code"]) == (503, "server.not_ready")
        assert answer.json()["detail"] == name
