"""Departments whose TLS is wrong: listeners of their own, each with the reason the gateway must
give.
"""

import asyncio
import contextlib
import ipaddress
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
REASONS = {
    "tls_expired": "tls_failed",
    "tls_not_yet_valid": "tls_failed",
    "tls_self_signed": "tls_failed",
    "tls_wrong_host": "tls_failed",
    "tls_wants_certificate": "tls_failed",
    "tls_plain_http": "tls_failed",
    "tls_garbage": "tls_failed",
    "tls_silent": "connect_failed",
    "tls_closes": "tls_failed",
}
_SILENT_SECONDS = 30.0


class Authority:
    """A certificate authority of the moment; `ca_file` is what a gateway must trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake authority")])
        self.ca_file = self._write(
            "ca", self._signed(self._name, self._key, None, timedelta(days=1)), None
        )

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        host: str | None,
        life: timedelta,
        *,
        own: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)  # noqa: TID251 - a server of its own
        start = now - timedelta(days=2) if life < timedelta(0) else now - timedelta(hours=1)
        start, end = (
            (now + timedelta(days=1), now + timedelta(days=2))
            if life == timedelta(0)
            else (start, now + life)
        )
        issuer, signer = (subject, key) if own else (self._name, self._key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
        )
        builder = (
            builder.serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=host is None, path_length=None), critical=True
        )
        if host is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(signer, hashes.SHA256())

    def _write(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None
    ) -> Path:
        path = self._folder / f"{name}.pem"
        text = certificate.public_bytes(serialization.Encoding.PEM)
        if key is not None:
            no_password = serialization.NoEncryption()
            text += key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password
            )
        path.write_bytes(text)
        return path

    def certificate(
        self, name: str, host: str = HOST, life: timedelta = timedelta(days=1), *, own: bool = False
    ) -> Path:
        """A certificate and its key in one file; a negative life is over, a zero one has not
        begun.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._write(name, self._signed(subject, key, host, life, own=own), key)


def _context(authority: Authority, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    match name:
        case "tls_expired":
            path = authority.certificate(name, life=timedelta(days=-1))
        case "tls_not_yet_valid":
            path = authority.certificate(name, life=timedelta(0))
        case "tls_self_signed":
            path = authority.certificate(name, own=True)
        case "tls_wrong_host":
            path = authority.certificate(name, host="127.0.0.99")
        case _:
            path = authority.certificate(name)
    context.load_cert_chain(path)
    if name == "tls_wants_certificate":
        context.verify_mode = ssl.CERT_REQUIRED
        context.maximum_version = (
            ssl.TLSVersion.TLSv1_2
        )  # so that the refusal comes within the handshake
        context.load_verify_locations(authority.ca_file)
    return context


_RAW: dict[str, bytes] = {
    "tls_plain_http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "tls_garbage": bytes(range(200)),
}


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
Tasks = set["asyncio.Task[None] | None"]


def _raw(name: str, running: Tasks) -> Handle:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.current_task())
        try:
            if name != "tls_closes":
                await reader.read(100)
                writer.write(_RAW.get(name, b""))
                if name == "tls_silent":
                    await asyncio.sleep(_SILENT_SECONDS)
        finally:
            await _end(writer)
            running.discard(asyncio.current_task())

    return handle


async def _honest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    question = await reader.readuntil(b"\r\n\r\n")
    asked = question.split(b" ", 2)[1].rpartition(b"/")[2].partition(b"?")[0].decode()
    told = {
        "business_id": asked,
        "as_of": "2026-01-01T00:00:00Z",
        "status": "found",
        "data": {"flags": []},
    }
    body = json.dumps(told).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    await _end(writer)


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[dict[str, int], Authority]]:
    """Ports by name of fault (and `tls_honest`, `tls_mutual`, which are in order), and the
    authority to trust.
    """
    with tempfile.TemporaryDirectory(prefix="onevisit-tls") as folder:
        authority = Authority(Path(folder))
        servers: dict[str, asyncio.Server] = {}
        running: Tasks = set()
        for name in (*REASONS, "tls_honest"):
            if name in {"tls_plain_http", "tls_garbage", "tls_silent", "tls_closes"}:
                servers[name] = await asyncio.start_server(_raw(name, running), HOST, 0)
            else:
                servers[name] = await asyncio.start_server(
                    _honest, HOST, 0, ssl=_context(authority, name)
                )
        try:
            yield (
                {name: server.sockets[0].getsockname()[1] for name, server in servers.items()},
                authority,
            )
        finally:
            for server in servers.values():
                server.close()
            for task in tuple(running):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
