"""The profile's two doors: whatever is asked, nobody can tell from the answer which one gave it."""

import json
import random

from app.core.deps import RATES
from app.profile.service import Engine
from auth.principal import Role
from tests.fixtures.databases import ON_SQLITE

pytestmark = ON_SQLITE
CLEAN = "91310115MA1YYY024Y"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
QUERIES = {
    "purpose": [*["patrol"] * 12, "inspection", "curiosity", "", "p" * 41, "pat rol"],
    "task": ["0197f3b0-0000-7000-8000-000000000000", "", "x" * 37, "0" * 36],
    "site": ["S001", "S002", "", "S" * 65, "S" * 64, "a\x01b", "站"],
    "view": ["full", "summary", "summary", "whole", ""],
    "sight": ["S1"],
    "wait": ["100"],
}
HEADERS = {
    "deadline": ["1500", "0", "-5", "99999999", "soon", "1 500", " 900 ", "1e3", "9" * 12],
    "if-none-match": ["*", '"x"', "W/", "x" * 1001, "{etag}", '"a", {etag}'],
    "traceparent": [TRACE, "rubbish", "x" * 101],
    "priority": ["u=1", "u=5", "u=7, i", "x" * 101],
    "cache-control": ["no-cache", "no-store", "x" * 101, "max-age=0, no-cache"],
    "accept": ["application/json", "*/*", "application/json;q=0.9", "text/html", "x" * 401],
    "accept-encoding": ["gzip", "identity", "gzip;q=0", "br, gzip"],
}
VOLATILE = {"generated_at", "elapsed_ms", "expires_at", "age_s", "fetched_at", "audit"}


def a_request(rng):
    """Parameters and headers, most of them in order, some not; now and then one comes twice."""
    params = [("purpose", rng.choice(QUERIES["purpose"]))] if rng.random() < 0.95 else []
    more = rng.sample(list(QUERIES), rng.choice([0, 0, 0, 0, 1, 2]))
    params += [(name, rng.choice(QUERIES[name])) for name in more]
    headers = [
        (name, rng.choice(HEADERS[name]))
        for name in rng.sample(list(HEADERS), rng.choice([0, 1, 1, 2, 3]))
    ]
    return params, headers


def lasting(value):
    """A document without what is different in every answer."""
    if isinstance(value, dict):
        return {k: lasting(v) for k, v in value.items() if k not in VOLATILE}
    return [lasting(item) for item in value] if isinstance(value, list) else value


def told(response, traced):
    """All of an answer that lasts."""
    headers = {
        k: v
        for k, v in response.headers.items()
        if k not in {"content-length", "ratelimit"} and (traced or k != "x-request-id")
    }
    body = response.content
    if body and "json" in response.headers.get("content-type", ""):
        document = lasting(json.loads(body))
        if not traced:
            document.pop("trace_id", None)
        body = document
    return response.status_code, headers, body


async def test_nobody_can_tell_which_door_answered(city, monkeypatch):
    """A code in small letters always takes the declared route; both spell the same business."""
    declared = []
    prepare = Engine.prepare

    async def counted(engine, *asked):
        declared.append(asked)
        return await prepare(engine, *asked)

    monkeypatch.setattr(Engine, "prepare", counted)
    RATES.of(city.app).per_second = 0
    client = city.caller("officer", Role.PATROLLER, department="fire")
    etag = (await client.get(f"/v1/profiles/{CLEAN}", params={"purpose": "patrol"})).headers["etag"]
    rng, statuses, quick_ones = random.Random(8), set(), 0
    for _ in range(160):
        params, headers = a_request(rng)
        headers = [(k, v.replace("{etag}", etag)) for k, v in headers]
        traced = any(v == TRACE for _, v in headers)
        count = len(declared)
        quick = await client.get(f"/v1/profiles/{CLEAN}", params=params, headers=headers)
        quick_ones += quick.status_code in {200, 304} and len(declared) == count
        slow = await client.get(f"/v1/profiles/{CLEAN.lower()}", params=params, headers=headers)
        assert told(quick, traced) == told(slow, traced), (params, headers)
        statuses.add(quick.status_code)
    assert statuses >= {200, 304, 403, 422}
    assert quick_ones > 30, "the fast path was tried too"


async def test_of_a_repeated_parameter_the_last_counts_at_both_doors(city):
    for code in (CLEAN, CLEAN.lower()):
        response = await city.inspector.get(
            f"/v1/profiles/{code}", params=[("purpose", "curiosity"), ("purpose", "patrol")]
        )
        assert response.status_code == 200


async def test_of_a_repeated_header_the_first_counts_at_both_doors(city):
    for code in (CLEAN, CLEAN.lower()):
        response = await city.inspector.get(
            f"/v1/profiles/{code}",
            params={"purpose": "patrol"},
            headers=[("traceparent", TRACE), ("traceparent", "x" * 101)],
        )
        assert response.status_code == 200
        assert response.headers["x-request-id"] == TRACE[3:35]
