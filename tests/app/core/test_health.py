"""Operators' doors."""


async def test_health_needs_no_token(gateway):
    client = gateway.client()
    assert [(await client.get(p)).json()["status"] for p in ("/livez", "/readyz")] == [
        "alive",
        "ready",
    ]
