"""The exchange against servers that answer byte by byte what a test says."""

import asyncio
import contextlib
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.contract import AdapterError
from adapters.transport.exchange import Exchange
from adapters.transport.guard import AddressGuard, Limits
from adapters.transport.httpx_transport import client_over

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.asynccontextmanager
async def serving(script, tls=None):
    """A server that calls script(reader, writer, nth connection)."""
    count = 0
    handlers = set()

    async def handle(reader, writer):
        nonlocal count
        count += 1
        handlers.add(asyncio.current_task())
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await script(reader, writer, count)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/x", lambda: count
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        if handlers:
            await asyncio.wait(handlers)


def exchange(limits=None, tls=None):
    return Exchange(AddressGuard(allow=LOOPBACK, allow_http=True), limits, tls)


async def ask(found, url, seconds=1.0, **more):
    return await found.send(
        "GET", url, headers={}, deadline=asyncio.get_running_loop().time() + seconds, **more
    )


async def request_of(reader):
    return await reader.readuntil(b"\r\n\r\n")


def answering(payload, times=1, keep_open=True):
    async def script(reader, writer, _count):
        for _ in range(times):
            await request_of(reader)
            writer.write(payload)
            await writer.drain()
        if keep_open:
            await reader.read()

    return script


async def test_connections_are_kept_and_used_again():
    async with serving(answering(OK, times=3)) as (url, connections):
        found = exchange()
        for _ in range(3):
            assert (await ask(found, url)).body == b"{}"
        assert connections() == 1
        assert found.open_connections == 1
        await found.aclose()
        assert found.open_connections == 0


async def test_a_kept_connection_that_was_closed_is_replaced_once():
    async with serving(answering(OK, keep_open=False)) as (url, connections):
        found = exchange()
        for _ in range(3):
            assert (await ask(found, url)).status == 200
        assert connections() == 3
        await found.aclose()


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + OK
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}"


@pytest.mark.parametrize(
    ("payload", "keep_open"), [(CHUNKED, True), (CONTINUED, True), (UNTIL_CLOSE, False)]
)
async def test_honest_framings_are_understood(payload, keep_open):
    async with serving(answering(payload, keep_open=keep_open)) as (url, _):
        found = exchange()
        assert (await ask(found, url)).body == b"{}"
        await found.aclose()


BIG = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 1_200_000


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"garbage\r\n\r\n", "malformed_http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12", "connection_lost"),
        (
            b"HTTP/1.1 200 OK\r\n"
            + b"".join(b"H%d: x\r\n" % i for i in range(80))
            + b"Content-Length: 0\r\n\r\n",
            "too_large",
        ),
        (b"HTTP/1.1 200 OK\r\nH: " + b"x" * 20_000 + b"\r\nContent-Length: 0\r\n\r\n", "too_large"),
        (BIG, "too_large"),
        (OK + OK, "surplus_answer"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
            "redirect_refused",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "malformed_http"),
        (b"", "connection_lost"),
    ],
)
async def test_hostile_answers_are_refused_with_their_reason(payload, code):
    async with serving(answering(payload, keep_open=False)) as (url, _):
        found = exchange()
        with pytest.raises(AdapterError) as caught:
            await ask(found, url)
        assert caught.value.code == code
        await found.aclose()


TINY_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 5000


@pytest.mark.parametrize("payload", [TINY_CHUNKS, BIG])
async def test_a_refused_answer_leaves_no_byte_behind(payload):
    async with serving(answering(payload)) as (url, _):
        found = exchange()
        with pytest.raises(AdapterError) as caught:
            await ask(found, url)
        assert caught.value.code == "too_large"
        assert [(c.body, c.pieces, c.fields) for c in found.connections] == [(b"", None, {})]
        assert found.budget.used == 0
        await found.aclose()


async def test_nothing_is_taken_in_beyond_the_ceiling_and_large_ones_yield_first():
    large = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n\r\n"
        + b" " * 70_000
    )
    for payload, used, code in (
        (OK, 1 << 20, None),
        (large, 1 << 20, "gateway_full"),
        (OK, 2 << 20, "gateway_full"),
    ):
        async with serving(answering(payload)) as (url, _):
            found = exchange(limits=Limits(process=1 << 20, ceiling=2 << 20))
            found.budget.used = used
            try:
                await ask(found, url)
            except AdapterError as error:
                assert error.code == code
            else:
                assert code is None
            assert found.budget.used == used
            await found.aclose()


SAME = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100 + b"Content-Length: 2\r\n\r\n{}"
HINTED = (
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
    + b"Set-Cookie: a\r\n" * 3
    + b"Content-Length: 4\r\n\r\n\r\n{}"
)


@pytest.mark.parametrize(
    ("payload", "at", "code"),
    [
        *((SAME, at, "too_large") for at in (1, 300, len(SAME) - 5)),
        *((HINTED, at, None) for at in range(40, len(HINTED), 7)),
    ],
)
async def test_a_head_in_pieces_is_counted_whole(payload, at, code):
    """A hundred equal fields, cut anywhere; and a sound head after an interim one, with a body that looks like the end of one."""

    async def script(reader, writer, _count):
        await request_of(reader)
        for piece in (payload[:at], payload[at:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005)
        await reader.read()

    async with serving(script) as (url, _):
        found = exchange()
        if code is None:
            assert (await ask(found, url)).raw == b"\r\n{}"
        else:
            with pytest.raises(AdapterError) as caught:
                await ask(found, url)
            assert caught.value.code == code
        await found.aclose()


async def test_a_drip_ends_at_the_deadline():
    async def drip(reader, writer, _count):
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving(drip) as (url, _):
        found = exchange()
        with pytest.raises(AdapterError) as caught:
            await ask(found, url, seconds=0.15)
        assert caught.value.code == "deadline_exceeded"
        assert found.open_connections == 0


async def test_surplus_bytes_after_an_answer_never_answer_the_next_question():
    async def script(reader, writer, count):
        await request_of(reader)
        writer.write(OK)
        await writer.drain()
        if count == 1:
            await asyncio.sleep(0.05)
            writer.write(OK.replace(b"{}", b"[]"))
            await writer.drain()
        await reader.read()

    async with serving(script) as (url, connections):
        found = exchange()
        assert (await ask(found, url)).body == b"{}"
        await asyncio.sleep(0.15)
        assert (await ask(found, url)).body == b"{}"
        assert connections() == 2
        await found.aclose()


async def test_cancelled_questions_leave_no_connection_behind():
    async with serving(answering(OK, times=0)) as (url, _):
        found = exchange()
        tasks = [asyncio.create_task(ask(found, url, seconds=5)) for _ in range(50)]
        await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(0.05)
        assert found.open_connections == 0


async def test_a_closed_port_and_a_line_break_in_a_header():
    found = exchange()
    with pytest.raises(AdapterError) as caught:
        await ask(found, "http://127.0.0.1:9/")
    assert caught.value.code == "connect_failed"
    with pytest.raises(AdapterError) as caught:
        deadline = asyncio.get_running_loop().time() + 1
        await found.send(
            "GET", "http://127.0.0.1:9/", headers={"A": "b\r\nc: d"}, deadline=deadline
        )
    assert caught.value.code == "request_refused"


def certificate(folder, name):
    """A self-signed server certificate for a loopback address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


async def test_tls_is_verified(tmp_path):
    pem = certificate(tmp_path, "server")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(pem)
    async with serving(answering(OK), tls=server_side) as (url, _):
        trusting = exchange(tls=ssl.create_default_context(cafile=str(pem)))
        assert (await ask(trusting, url)).body == b"{}"
        await trusting.aclose()
        with pytest.raises(AdapterError) as caught:
            await ask(exchange(), url)
        assert caught.value.code == "tls_failed"


class TestHttpx:
    async def test_a_client_over_the_exchange_sends_and_receives(self):
        seen = []

        async def script(reader, writer, _count):
            while True:
                head = await request_of(reader)
                length = next(
                    (
                        int(h[15:])
                        for h in head.lower().split(b"\r\n")
                        if h.startswith(b"content-length:")
                    ),
                    0,
                )
                seen.append((head, await reader.readexactly(length)))
                writer.write(OK)
                await writer.drain()

        async with serving(script) as (url, _):
            found = exchange()
            async with client_over(found) as client:
                response = await client.post(url, json={"a": 1})
                assert response.json() == {}
                assert b'{"a":1}' in seen[0][1]
                assert seen[0][0].lower().count(b"content-length") == 1
                deadline = asyncio.get_running_loop().time() + 1
                request = client.build_request("GET", url, extensions={"deadline": deadline})
                assert (await client.send(request)).status_code == 200
            await found.aclose()

    async def test_the_read_timeout_is_a_total_deadline(self):
        async with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1")) as (url, _):
            found = exchange()
            async with client_over(found) as client:
                with pytest.raises(AdapterError):
                    await client.get(url, timeout=httpx.Timeout(0.1))
            await found.aclose()


def test_limits_have_the_documented_defaults():
    assert (Limits().wire, Limits().decoded, Limits().ratio, Limits().depth, Limits().nodes) == (
        1 << 20,
        4 << 20,
        20,
        32,
        20_000,
    )
