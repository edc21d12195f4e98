"""Through a link of 64 kbit/s and 400 ms there and back: from the code to the headline, and what the answers weigh.

The link is simulated between client and gateway: each direction delays by half the round trip and lets 8 000 bytes a second through; two
round trips are added for the connection and its TLS. The control asks without gzip and must be slower.
"""

import argparse
import asyncio
import contextlib
import sys
import zlib
from dataclasses import dataclass

from tests.campaigns import stage
from tests.campaigns.stage import HOST, manifests_of, verdict

BYTES_PER_SECOND, ROUND_TRIP = 8000, 0.4
FIRST_MS, MOST_FIRST_MS = 20, 10.0
MOST_SECONDS, MOST_SUMMARY, MOST_FULL = 3.0, 8 << 10, 40 << 10
CODE = "91330106MA2YYY034D"
NAMES = ("registration", "tax", "fire", "food", "special_equipment", "public_security", "civil_affairs", "urban_management", "health",
         "ecology", "human_resources", "emergency", "customs")  # fmt: skip


@dataclass
class Link:
    """The slow way between a phone and the gateway."""

    port: int

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._connect, HOST, 0)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * ROUND_TRIP)
        up_reader, up_writer = await asyncio.open_connection(HOST, self.port)
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await asyncio.gather(self._carry(reader, up_writer), self._carry(up_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        free, waiting = loop.time(), asyncio.Queue()

        async def deliver() -> None:
            while piece := await waiting.get():
                await asyncio.sleep(max(piece[0] - loop.time(), 0))
                writer.write(piece[1])
            writer.close()

        delivering = asyncio.create_task(deliver())
        while data := await reader.read(256):
            free = max(free, loop.time()) + len(data) / BYTES_PER_SECOND
            waiting.put_nowait((free + ROUND_TRIP / 2, data))
        waiting.put_nowait(None)
        await delivering


async def ask(
    port: int, token: str, *, view: str, accept: str, gzip: bool
) -> tuple[float, int, float]:
    """Seconds until the headline can be read, bytes of the body as they travelled, seconds until all had come."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    reader, writer = await asyncio.open_connection(HOST, port)
    coding = "Accept-Encoding: gzip\r\n" if gzip else ""
    head = f"GET /v1/profiles/{CODE}?purpose=patrol&view={view} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nCache-Control: no-cache\r\n"
    writer.write(
        f"{head}{coding}Authorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
    )
    raw, seconds = b"", 0.0
    while data := await reader.read(4096):
        raw += data
        if not seconds and b'"headline"' in _body(raw, gzip=gzip)[0]:
            seconds = loop.time() - begun
    writer.close()
    return seconds, _body(raw, gzip=gzip)[1], loop.time() - begun


async def first_section(port: int, token: str) -> float:
    """Milliseconds from the department's answer (its latency after the question) until its section has arrived, no link between."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection(HOST, port)
    head = f"GET /v1/profiles/{CODE}?purpose=patrol HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\nCache-Control: no-cache\r\n"
    begun = loop.time()
    writer.write(f"{head}Authorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode())
    raw = b""
    while b'"type":"section"' not in raw:
        raw += await reader.read(4096)
    seconds = loop.time() - begun
    writer.close()
    return seconds * 1000 - FIRST_MS


def _body(raw: bytes, *, gzip: bool) -> tuple[bytes, int]:
    """The text so far, and how many bytes of body have come."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        rest, body = body, b""
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            if not size.strip():
                continue
            length = int(size, 16)
            body, rest = body + rest[:length], rest[length + 2 :]
    return (zlib.decompressobj(31).decompress(body) if gzip and body else body), len(body)


async def campaign() -> int:
    """Stream, summary and full through the link; the exit status."""
    with (
        stage.departments(businesses=0, latency_ms=60) as found,
        stage.gateway(manifests_of(found, *NAMES)) as gateway,
    ):
        token = gateway.issuer.token("inspector-link", "inspector", department="fire")
        for _ in range(2):
            await ask(gateway.port, token, view="summary", accept="application/json", gzip=True)
        found.set("emergency", "ok", latency_ms=FIRST_MS)
        firsts = [await first_section(gateway.port, token) for _ in range(50)]
        server = await Link(gateway.port).serve()
        port = server.sockets[0].getsockname()[1]
        summary = await ask(port, token, view="summary", accept="application/json", gzip=True)
        full = await ask(port, token, view="full", accept="application/json", gzip=True)
        streamed = await ask(port, token, view="summary", accept="application/x-ndjson", gzip=True)
        control = await ask(port, token, view="full", accept="application/json", gzip=False)
        server.close()
    print(
        f"  seconds to the headline: summary {summary[0]:.2f}, streamed summary {streamed[0]:.2f}, full {full[0]:.2f}; whole answer {full[2]:.2f}, not packed {control[2]:.2f}"
    )
    print(
        f"  bytes: summary {summary[1]}, streamed summary {streamed[1]}, full {full[1]}; not packed {control[1]}"
    )
    first = stage.quantile(firsts, 0.95)
    print(
        f"  first section after its department's answer, ms: median {stage.quantile(firsts, 0.5):.1f}, p95 {first:.1f}"
    )
    fine = (
        0 < summary[0] <= MOST_SECONDS
        and 0 < streamed[0] <= MOST_SECONDS
        and summary[1] <= MOST_SUMMARY
        and full[1] <= MOST_FULL
    )
    fine = fine and first <= MOST_FIRST_MS and control[2] > full[2] + 1
    return verdict(
        "link",
        fine,
        first_section_ms=first,
        headline_s=summary[0],
        streamed_s=streamed[0],
        full_s=full[0],
        summary_bytes=summary[1],
        full_bytes=full[1],
    )


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="not used; one round is all there is")
    parser.parse_args()
    return asyncio.run(campaign())


if __name__ == "__main__":
    sys.exit(main())
