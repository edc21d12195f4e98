"""A stage for campaigns: departments and a gateway as real processes on this machine, and a client that counts what comes back."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.fakes.departments import SECRETS, manifest_of
from auth.principal import Role
from auth.testing import AUDIENCE, ISSUER, LocalIssuer
from tests.fixtures.databases import build_empty
from tests.fixtures.gateway import SECRET, running, settings
from tests.fixtures.ports import free_ports
from tests.fixtures.processes import ended

HOST = "127.0.0.1"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Departments:
    """The mock departments' process."""

    addresses: dict[str, str]
    control: str

    def set(self, name: str, mode: str, **more: int) -> None:
        body = json.dumps({"mode": mode, **more}).encode()
        request = urllib.request.Request(f"{self.control}/faults/{name}", body, method="PUT")
        request.add_header("Content-Type", "application/json")
        with _OPENER.open(request, timeout=10) as response:
            response.read()

    def mend(self) -> None:
        for name in self.addresses:
            self.set(name, "ok")


@contextmanager
def departments(businesses: int = 1200, latency_ms: int = 5) -> Iterator[Departments]:
    arguments = [
        "-m",
        "adapters.fakes.server",
        "--port",
        "0",
        "--businesses",
        str(businesses),
        "--latency-ms",
        str(latency_ms),
    ]
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(process.stdout.readline())
        yield Departments(ready["departments"], ready["control"])
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


@dataclass
class Gateway:
    """The gateway's process."""

    port: int
    pid: int
    issuer: LocalIssuer
    log: Path
    database: Path
    tokens: list[str] = field(default_factory=list)
    inspectors: list[str] = field(default_factory=list)

    def token(self, number: int) -> str:
        """One of many patrollers', so that nobody's rate is the bound."""
        while len(self.tokens) <= number:
            self.tokens.append(
                self.issuer.token(
                    f"patroller-{len(self.tokens)}", Role.PATROLLER, department="urban_management"
                )
            )
        return self.tokens[number]

    def inspector(self, number: int) -> str:
        """One of many who may submit records."""
        while len(self.inspectors) <= number:
            self.inspectors.append(
                self.issuer.token(
                    f"inspector-{len(self.inspectors)}", Role.INSPECTOR, department="fire"
                )
            )
        return self.inspectors[number]

    def metrics(self) -> dict[str, float]:
        """Every sample by name and labels."""
        with _OPENER.open(f"http://{HOST}:{self.port}/metrics", timeout=10) as response:
            rows = (
                line.rpartition(" ")
                for line in response.read().decode().splitlines()
                if line and line[0] != "#"
            )
            return {name: float(value) for name, _, value in rows}

    @property
    def rss_mib(self) -> float:
        return (
            int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
            * os.sysconf("SC_PAGE_SIZE")
            / (1 << 20)
        )

    @property
    def exceptions(self) -> list[str]:
        """What nobody foresaw, as logged."""
        return re.findall(
            r"^(?:Traceback.*|\w*(?:Error|Exception)\b.*)$",
            self.log.read_text(errors="replace"),
            re.MULTILINE,
        )


@dataclass
class Prepared:
    """A database with published adapters, to be copied for each gateway that is started on it."""

    folder: Path
    issuer: LocalIssuer

    @property
    def token(self) -> str:
        """A patroller's."""
        return self.issuer.token("patroller", Role.PATROLLER, department="urban_management")

    @property
    def jwks(self) -> Path:
        return self.folder / "jwks.json"


@contextmanager
def prepared(manifests: list[dict[str, Any]]) -> Iterator[Prepared]:
    """Register, examine and publish these adapters through the API, once."""
    with tempfile.TemporaryDirectory(prefix="ovcampaign") as name:
        yield published_on(f"sqlite:///{name}/template.db", Path(name), manifests)


def published_on(url: str, folder: Path, manifests: list[dict[str, Any]]) -> Prepared:
    """A new schema with these adapters published, and what is needed to ask."""
    found = Prepared(folder, LocalIssuer())
    found.jwks.write_text(json.dumps(found.issuer.jwks))
    build_empty(url)
    # A thread of its own: campaigns call this from within a running loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _publish(url, found.jwks, found.issuer, manifests)).result()
    return found


@contextmanager
def started(
    on: Prepared,
    entry: tuple[str, ...] = ("app.cli.run", "serve"),
    limit: int | None = None,
    **more: str,
) -> Iterator[Gateway]:
    """A gateway on a fresh copy, by its production entry point unless another is named; no file of its may grow above `limit`."""
    port = free_ports()
    database, log = on.folder / f"{port}.db", on.folder / f"{port}.log"
    shutil.copy(on.folder / "template.db", database)
    process = launched(f"sqlite:///{database}", on, port, log, entry, limit, **more)
    with ended(process, seconds=20):
        yield Gateway(port, process.pid, on.issuer, log, database)


def launched(
    url: str,
    on: Prepared,
    port: int,
    log: Path,
    entry: tuple[str, ...] = ("app.cli.run", "serve"),
    limit: int | None = None,
    **more: str,
) -> "subprocess.Popen[bytes]":
    """A process that is ready."""
    env = {
        "ONEVISIT_DATABASE_URL": url, "ONEVISIT_SECRET_KEY": SECRET, "ONEVISIT_PRINCIPALS": "claims", "ONEVISIT_ISSUER": ISSUER, "ONEVISIT_DRAIN_S": "0",
        "ONEVISIT_AUDIENCE": AUDIENCE, "ONEVISIT_JWKS_FILE": str(on.jwks), "ONEVISIT_EGRESS_ALLOW": "127.0.0.0/8",
        "ONEVISIT_EGRESS_ALLOW_HTTP": "true", "ONEVISIT_RATE_PER_SECOND": "0", "ONEVISIT_LOG_FORMAT": "text", **more,
    }  # fmt: skip
    command = [sys.executable, "-m", *entry, "--port", str(port)]
    if limit is not None:
        command = ["prlimit", f"--fsize={limit}", *command]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **env}
        )
    try:
        _wait_until_ready(process, port, log)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


@contextmanager
def gateway(manifests: list[dict[str, Any]], **more: str) -> Iterator[Gateway]:
    """A gateway with these adapters published."""
    with prepared(manifests) as on, started(on, **more) as found:
        yield found


async def _publish(
    url: str, jwks: Path, issuer: LocalIssuer, manifests: list[dict[str, Any]]
) -> None:
    async with running(settings(url, jwks), issuer) as found, asyncio.TaskGroup() as group:
        for manifest in manifests:
            group.create_task(found.publish(manifest, SECRETS.get(manifest["adapter_id"])))


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), _OPENER.open(f"http://{HOST}:{port}/readyz", timeout=5):
            return
        time.sleep(0.02)
    raise SystemExit(f"the gateway did not start:\n{log.read_text()[-2000:]}")


def manifests_of(found: Departments, *names: str, **changes: Any) -> list[dict[str, Any]]:
    """The mock departments' own manifests."""
    return [manifest_of(name, found.addresses[name]) | changes for name in names]


@dataclass
class Answer:
    """What came back, and when: seconds since it was due."""

    status: int
    body: bytes
    seconds: float
    first_byte: float

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class Client:
    """Keep-alive connections to one server, each used by one question at a time."""

    def __init__(self, port: int, source: str = HOST) -> None:
        self._port = port
        self._source = source
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(
        self, path: str, token: str, due: float | None = None, method: str = "GET", **headers: str
    ) -> Answer:
        """Ask, without a body. A connection that ended is replaced; status 0 is one that broke."""
        loop = asyncio.get_running_loop()
        due = loop.time() if due is None else due
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Authorization: Bearer {token}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        payload = ("\r\n".join(lines) + "\r\n\r\n").encode()
        while True:
            kept = bool(self._idle)
            try:
                pair = (
                    self._idle.pop()
                    if kept
                    else await asyncio.open_connection(
                        HOST, self._port, limit=1 << 20, local_addr=(self._source, 0)
                    )
                )
            except OSError:
                return Answer(0, b"", loop.time() - due, 0.0)
            try:
                pair[1].write(payload)
                status, body, first = await _read(pair[0])
            except (OSError, asyncio.IncompleteReadError):
                pair[1].close()
                if kept:
                    continue
                return Answer(0, b"", loop.time() - due, 0.0)
            self._idle.append(pair)
            return Answer(status, body, loop.time() - due, first - due)

    async def aclose(self) -> None:
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes, float]:
    head = await reader.readuntil(b"\r\n\r\n")
    first = asyncio.get_running_loop().time()
    status, low = int(head[9:12]), head.lower()
    if b"transfer-encoding: chunked" in low:
        pieces = []
        while size := int(await reader.readuntil(b"\r\n"), 16):
            pieces.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
        return status, b"".join(pieces), first
    found = re.search(rb"content-length: (\d+)", low)
    return status, await reader.readexactly(int(found[1])) if found else b"", first


@asynccontextmanager
async def client(port: int, source: str = HOST) -> AsyncIterator[Client]:
    found = Client(port, source)
    try:
        yield found
    finally:
        await found.aclose()


def quantile(values: list[float], share: float) -> float:
    """The value below which this share lies; 0 for none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def verdict(name: str, ok: bool, **figures: object) -> int:
    """The closing line, and the exit status that belongs to it."""
    told = " ".join(
        f"{key}={value:.3f}" if isinstance(value, float) else f"{key}={value}"
        for key, value in figures.items()
    )
    print(f"{name}: {'ok' if ok else 'FAILED'} {told}")
    return 0 if ok else 1
