"""Tax and public security over HTTP: what their systems answer when something is wrong, and the session that expires."""

import asyncio
import contextlib
import ipaddress
import json
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from adapters.contract import AdapterError, AdapterQuery, Manifest
from adapters.departments.public_security.adapter import PublicSecurityAdapter
from adapters.departments.standard_rest.adapter import StandardRestAdapter
from adapters.departments.tax.adapter import TaxAdapter
from adapters.fakes.departments import manifest_of
from adapters.transport.exchange import Exchange
from adapters.transport.guard import AddressGuard

CODE = "91310115MA1YYY024Y"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@contextlib.asynccontextmanager
async def answering(handler):
    """A department whose every answer is (status, media type, body) of handler(path, headers, body)."""

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = dict(
                    line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line
                )
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, media, answer = handler(head.split(" ")[1], headers, body)
                reply = f"HTTP/1.1 {status} X\r\nContent-Type: {media}\r\nContent-Length: {len(answer)}\r\n\r\n"
                writer.write(reply.encode() + answer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    exchange = Exchange(AddressGuard(allow=LOOPBACK, allow_http=True))
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", exchange
    finally:
        await exchange.aclose()
        server.close()
        await asyncio.sleep(0.01)


def query(seconds=2.0):
    return AdapterQuery(
        CODE, "uscc", None, "patrol", "u", "r", asyncio.get_running_loop().time() + seconds
    )


def now():
    return datetime.now(UTC)


async def outcome(kind, name, handler, secrets, **changes):
    async with answering(handler) as (address, exchange):
        manifest = msgspec.convert(manifest_of(name, address) | changes, Manifest)
        try:
            answer = await kind(manifest, exchange, secrets, now).fetch(query())
        except AdapterError as error:
            return error.code
        return answer.reason or "found"


JSON, XML = "application/json", "application/xml"


@pytest.mark.parametrize(
    ("kind", "name", "changes"),
    [
        (TaxAdapter, "tax", {}),
        (PublicSecurityAdapter, "public_security", {}),
        (StandardRestAdapter, "fire", {}),
    ],
)
async def test_every_department_learns_who_asks_why_and_until_when(kind, name, changes):
    seen = {}

    def handler(path, headers, _body):
        if path == "/sw/login":
            return 200, JSON, b'{"token": "t"}'
        seen.update(headers)
        return 503, JSON, b"{}"

    async with answering(handler) as (address, exchange):
        manifest = msgspec.convert(manifest_of(name, address) | changes, Manifest)
        asked = AdapterQuery(
            CODE,
            "uscc",
            None,
            "patrol",
            "城管",
            "r1",
            asyncio.get_running_loop().time() + 2,
            traceparent="00-aa-bb-01",
        )
        with pytest.raises(AdapterError):
            await kind(manifest, exchange, TAX | {"api_key": "k"}, now).fetch(asked)
    assert (seen["x-request-id"], seen["x-purpose"], seen["x-unit"]) == (
        "r1",
        "patrol",
        "%e5%9f%8e%e7%ae%a1",
    )
    assert seen["traceparent"] == "00-aa-bb-01"
    assert 1500 < int(seen["deadline"]) <= 1980


TAX = {"username": "u", "password": "p"}


def tax_system(told):
    def handler(path, _headers, _body):
        return (200, JSON, b'{"token": "t"}') if path == "/sw/login" else told

    return handler


def told_json(**document):
    return 200, JSON, json.dumps(document).encode()


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (told_json(code=0, sjgxsj="20260101000000", data={"nsrsbh": CODE}), "found"),
        (told_json(code="2404"), "echo_missing"),
        (told_json(code="2404", nsrsbh=CODE), "no_record"),
        (told_json(code="2404", nsrsbh="91330106MA2YYY034D"), "wrong_business"),
        (told_json(code="2404", nsrsbh=CODE, sjgxsj="00000000000000"), "no_record"),
        (told_json(code=9999), "upstream_error"),
        (told_json(code=0, sjgxsj="20260101000000", data=[]), "schema_violation"),
        (
            told_json(code=0, sjgxsj="20260101000000", data={"nsrsbh": "91330106MA2YYY034D"}),
            "wrong_business",
        ),
        (told_json(code=0, sjgxsj="29990101000000", data={"nsrsbh": CODE}), "as_of_invalid"),
        (told_json(code=0, data={"nsrsbh": CODE}), "as_of_invalid"),
        (
            told_json(code=0, sjgxsj="20260101000000", data={"nsrsbh": CODE, "yqwsbqs": "many"}),
            "found",
        ),
        (
            told_json(code=0, sjgxsj="20260101000000", data={"nsrsbh": CODE, "xydj": "Z"}),
            "found",
        ),
        ((200, JSON, b"[1]"), "schema_violation"),
        ((200, "text/html", b"<html>"), "content_type"),
        ((500, JSON, b"{}"), "upstream_error"),
        ((429, JSON, b"{}"), "upstream_busy"),
        ((403, JSON, b"{}"), "credentials_rejected"),
        ((400, JSON, b"{}"), "request_refused"),
    ],
)
async def test_whatever_the_tax_system_answers_has_its_own_reason(told, wanted):
    assert await outcome(TaxAdapter, "tax", tax_system(told), TAX) == wanted


@pytest.mark.parametrize(
    ("login", "secrets", "wanted"),
    [
        ((200, JSON, b'{"token": ""}'), TAX, "credentials_rejected"),
        ((401, JSON, b"{}"), TAX, "credentials_rejected"),
        ((200, JSON, b'{"token": "t"}'), {}, "credentials_rejected"),
    ],
)
async def test_a_log_in_that_fails(login, secrets, wanted):
    assert await outcome(TaxAdapter, "tax", lambda *_: login, secrets) == wanted


async def test_an_expired_session_is_renewed_once_for_all_who_wait():
    sessions, log_ins = {"old"}, []

    def handler(path, headers, _body):
        if path == "/sw/login":
            log_ins.append(1)
            sessions.add(f"s{len(log_ins)}")
            return told_json(token="old" if len(log_ins) == 1 else f"s{len(log_ins)}")
        if headers.get("x-session-token") not in sessions:
            return told_json(code="1401")
        return told_json(code=0, sjgxsj="20260101000000", data={"nsrsbh": CODE})

    async with answering(handler) as (address, exchange):
        adapter = TaxAdapter(
            msgspec.convert(manifest_of("tax", address), Manifest), exchange, TAX, now
        )
        await adapter.fetch(query())
        sessions.discard("old")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(adapter.fetch(query())) for _ in range(8)]
        assert all(t.result().data is not None for t in tasks)
        assert len(log_ins) == 2


async def test_a_session_that_never_works_ends_in_a_reason():
    def handler(path, _headers, _body):
        return told_json(token="t") if path == "/sw/login" else (401, JSON, b"{}")

    assert await outcome(TaxAdapter, "tax", handler, TAX) == "credentials_rejected"


def told_xml(text):
    return 200, XML, text.encode("gb18030")


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (
            told_xml(f"<FHJG><JGDM>00</JGDM><DM>{CODE}</DM><SJSJ>20260101000000</SJSJ></FHJG>"),
            "found",
        ),
        (told_xml("<FHJG><JGDM>01</JGDM></FHJG>"), "echo_missing"),
        (told_xml(f"<FHJG><JGDM>01</JGDM><DM>{CODE}</DM></FHJG>"), "no_record"),
        (
            told_xml("<FHJG><JGDM>01</JGDM><DM>91330106MA2YYY034D</DM></FHJG>"),
            "wrong_business",
        ),
        (
            told_xml("<FHJG><JGDM>02</JGDM><DM>91330106MA2YYY034D</DM></FHJG>"),
            "wrong_business",
        ),
        (
            told_xml(f"<FHJG><JGDM>01</JGDM><DM>{CODE}</DM><SJSJ>00000000000000</SJSJ></FHJG>"),
            "no_record",
        ),
        (told_xml("<FHJG><JGDM>02</JGDM></FHJG>"), "echo_missing"),
        (told_xml(f"<FHJG><JGDM>02</JGDM><DM>{CODE}</DM></FHJG>"), "not_applicable"),
        (told_xml("<FHJG><JGDM>77</JGDM></FHJG>"), "upstream_error"),
        (told_xml("<OTHER/>"), "schema_violation"),
        (
            told_xml(
                f"<FHJG><JGDM>00</JGDM><DM>{CODE}</DM><SJSJ>20260101</SJSJ><LXTS>x</LXTS></FHJG>"
            ),
            "found",
        ),
        (told_xml("<FHJG><JGDM>00</JGDM><DM>x</DM></FHJG>"), "wrong_business"),
        ((200, XML, b"\x81\xff\xff"), "encoding"),
        ((200, JSON, b"{}"), "content_type"),
        ((503, XML, b""), "upstream_busy"),
    ],
)
async def test_whatever_the_police_system_answers_has_its_own_reason(told, wanted):
    assert (
        await outcome(PublicSecurityAdapter, "public_security", lambda *_: told, {"api_key": "k"})
        == wanted
    )


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (
            told_json(business_id=CODE, status="found", as_of="2026-01-01T00:00:00Z", data={}),
            "schema_violation",
        ),
        (told_json(business_id=CODE, status="not_found"), "no_record"),
        (
            (404, JSON, json.dumps({"business_id": CODE, "status": "not_found"}).encode()),
            "no_record",
        ),
        ((404, JSON, b'{"detail": "Not Found"}'), "request_refused"),
        ((404, "text/html", b"<html>"), "request_refused"),
        (told_json(business_id="91330106MA2YYY034D", status="not_found"), "wrong_business"),
        (told_json(business_id=CODE, as_of="2026-01-01T00:00:00Z"), "schema_violation"),
        (
            told_json(business_id=CODE, as_of="2026-01-01T00:00:00Z", data={"flags": 7}),
            "schema_violation",
        ),
        (told_json(as_of="2026-01-01T00:00:00Z", data={}), "wrong_business"),
        ((200, JSON, b"7"), "wrong_business"),
    ],
)
async def test_whatever_a_configured_department_answers_has_its_own_reason(told, wanted):
    assert await outcome(StandardRestAdapter, "emergency", lambda *_: told, {}) == wanted


@pytest.mark.parametrize(
    ("auth", "secrets", "header", "value"),
    [
        ({"kind": "api_key", "header": "X-Key"}, {"api_key": "k"}, "x-key", "k"),
        ({"kind": "bearer"}, {"token": "T"}, "authorization", "bearer t"),
        ({"kind": "basic"}, {"username": "u", "password": "p"}, "authorization", "basic dtpw"),
    ],
)
async def test_credentials_travel_as_the_manifest_says(auth, secrets, header, value):
    seen = {}

    def handler(_path, headers, _body):
        seen.update(headers)
        return told_json(business_id=CODE, status="not_found")

    assert (
        await outcome(StandardRestAdapter, "emergency", handler, secrets, auth=auth) == "no_record"
    )
    assert seen[header] == value
    assert 0 < int(seen["deadline"]) <= 2000
    assert seen["x-unit"] == "u"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ((200, JSON, b"[1]"), "schema_violation"),
        ((200, JSON, b'{"items": [1]}'), "schema_violation"),
        ((500, JSON, b"{}"), "upstream_error"),
    ],
)
async def test_optional_operations_are_checked_like_sections(told, code):
    async with answering(lambda *_: told) as (address, exchange):
        adapter = StandardRestAdapter(
            msgspec.convert(manifest_of("emergency", address), Manifest), exchange, {}, now
        )
        deadline = asyncio.get_running_loop().time() + 2
        with pytest.raises(AdapterError) as caught:
            await adapter.search("名称", deadline)
        assert caught.value.code == code


async def test_an_unknown_code_is_none_and_results_are_never_unknown():
    async with answering(lambda *_: (404, JSON, b"{}")) as (address, exchange):
        adapter = StandardRestAdapter(
            msgspec.convert(manifest_of("emergency", address), Manifest), exchange, {}, now
        )
        deadline = asyncio.get_running_loop().time() + 2
        assert await adapter.resolve_qr("x", deadline) is None
        with pytest.raises(AdapterError):  # "not found" is no answer to a search
            await adapter.search("名称", deadline)
        with pytest.raises(AdapterError):
            await adapter.submit_results({}, deadline)


async def test_results_that_were_taken_over_are_not_sent_again_for_the_sake_of_a_status():
    receipt = b'{"receipt_no": "R-1", "received_at": "2026-11-20T08:30:00Z"}'
    async with answering(lambda *_: (202, JSON, receipt)) as (address, exchange):
        adapter = StandardRestAdapter(
            msgspec.convert(manifest_of("emergency", address), Manifest), exchange, {}, now
        )
        found = await adapter.submit_results({}, asyncio.get_running_loop().time() + 2)
        assert found.receipt_no == "R-1"


async def test_no_codec_of_the_departments_choice_is_used(monkeypatch):
    """Some take a second for a hundred kilobytes."""
    monkeypatch.setattr(
        httpx.Response,
        "text",
        property(lambda _response: pytest.fail("decoded as the department says")),
    )
    told = (
        200,
        "application/json; charset=punycode",
        json.dumps({"code": "2404", "nsrsbh": CODE}).encode(),
    )
    assert await outcome(TaxAdapter, "tax", tax_system(told), TAX) == "no_record"
