"""No request to a forbidden address, ever: spellings × deny ranges, and names that change their mind; seen by a socket audit hook.

Runs on the plain asyncio loop, whose connects the hook sees, and on uvloop, which connects past it and is watched itself. The positive control connects over a hundred times to addresses that are
allowed, spelled in as many ways, so that the campaign cannot pass by refusing everything.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import random
import sys
from dataclasses import dataclass, field

import uvloop

from adapters.contract import AdapterError
from adapters.transport.exchange import Exchange
from adapters.transport.guard import AddressGuard
from tests.campaigns.stage import verdict

ALLOWED = ipaddress.ip_network("127.64.0.0/16")
"""Where the departments of this deployment sit; everything else on this machine is forbidden."""
FORBIDDEN = (
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200", "100.64.0.1", "192.0.0.8", "192.88.99.1",
    "198.18.0.1", "240.0.0.1", "255.255.255.255", "0.0.0.0", "224.0.0.1", "203.0.113.5", "192.0.2.1", "198.51.100.1", "::1", "::", "fe80::1",
    "fc00::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1", "2001:db8::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "::127.0.0.1", "100::1",
)  # fmt: skip


NAMES = 20
"""Names that are asked for in every race."""


@dataclass
class Seen:
    """Connects that were seen while it listens: by the audit hook, or where the hook is blind, by the loop itself."""

    listening: bool = False
    connects: list[tuple[str, int]] = field(default_factory=list)

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.listening and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.connects.append((str(arguments[1][0]), int(arguments[1][1])))

    @property
    def forbidden(self) -> list[tuple[str, int]]:
        return [
            c for c in self.connects if ipaddress.ip_address(c[0].partition("%")[0]) not in ALLOWED
        ]


def spellings(address: str, port: int) -> list[str]:
    """Ways to write one address in a URL, honest and crooked."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        hosts = [
            f"[{address}]",
            f"[{parsed.exploded}]",
            f"[{address.upper()}]",
            f"[{address}%25eth0]",
            f"[{address}%eth0]",
            f"[{address}].",
        ]
        if parsed.ipv4_mapped:
            hosts += [
                f"[::ffff:{int(parsed.ipv4_mapped) >> 16:x}:{int(parsed.ipv4_mapped) & 0xFFFF:x}]"
            ]
    else:
        a, b, c, d = parsed.packed
        number = int(parsed)
        hosts = [
            address, f"{address}.", f"{address}..", str(number), f"{number:#x}", f"0{number:o}", f"{a}.{(b << 16) | (c << 8) | d}",
            f"{a}.{b}.{(c << 8) | d}", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a:03d}.{b:03d}.{c:03d}.{d:03d}",
            f"[::ffff:{address}]", f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]", f"[::{address}]", f"[64:ff9b::{address}]",
            f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]", address.replace(".", "%2e"), address.replace(".", "。"), address.replace("1", "１"),
            f"{address}%00.example.org", f"{address}\t", f" {address}", f"{address}\r\nHost: x", f"{address}\\@example.org",
        ]  # fmt: skip
    urls = [f"{scheme}://{host}:{port}/" for host in hosts for scheme in ("http", "HTTP")]
    urls += [
        f"http://{hosts[0]}/",
        f"http://user@{hosts[0]}:{port}/",
        f"http://example.org@{hosts[0]}:{port}/",
        f"http://{hosts[0]}:{port}/#x",
    ]
    urls += [
        f"http://{hosts[0]}:{port}@example.org/",
        f"//{hosts[0]}:{port}/",
        f"http:/{hosts[0]}:{port}/",
        f"http:{hosts[0]}:{port}/",
    ]
    return [
        *urls,
        f"gopher://{hosts[0]}:{port}/",
        f"file://{hosts[0]}/etc/passwd",
        f"http://{hosts[0]}:{port}\\x/",
    ]


async def ask(exchange: Exchange, url: str) -> str:
    """What became of a question: `answered` or its reason."""
    try:
        await exchange.send(
            "GET", url, headers={}, deadline=asyncio.get_running_loop().time() + 0.4
        )
    except AdapterError as error:
        return error.code
    return "answered"


class Fickle:
    """A resolver whose names give an allowed address to one question and a forbidden one to another, in every order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.asked = 0

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked += 1
        await asyncio.sleep(self._random.random() * 0.002)
        allowed, forbidden = "127.64.0.1", self._random.choice(FORBIDDEN)
        return self._random.choice(
            [
                [allowed],
                [forbidden],
                [allowed, forbidden],
                [forbidden, allowed],
                [forbidden, forbidden],
            ]
        )


async def races(exchange: Exchange, rounds: int, port: int) -> None:
    """The same names again and again, several times at once, forgotten in between and in the middle: each may mean another address."""
    names = [f"http://department-{n}.example.org:{port}/" for n in range(NAMES)]
    for _ in range(0, rounds, NAMES):
        async with asyncio.TaskGroup() as group:
            for name in names:
                for _ in range(3):
                    group.create_task(ask(exchange, name))
            await asyncio.sleep(0.001)
            exchange.guard.forget()
        exchange.guard.forget()


async def serve() -> asyncio.Server:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError
        ):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    return await asyncio.start_server(handle, "0.0.0.0", 0)


def counting_loop(seen: Seen) -> uvloop.Loop:
    """uvloop connects past the audit hook; this one tells first."""

    class Counting(uvloop.Loop):
        async def create_connection(self, protocol_factory, host=None, port=None, **more):
            if seen.listening:
                seen.connects.append((str(host), int(port or 0)))
            return await super().create_connection(protocol_factory, host, port, **more)

    return Counting()


@dataclass
class Outcome:
    """What came of one run."""

    spellings: int
    resolved: int
    forbidden: list[tuple[str, int]]
    answered: int
    controls: int
    of: int
    witness: int
    """How often a connect that was forbidden and made on purpose was seen."""

    @property
    def is_fine(self) -> bool:
        return (
            not self.forbidden
            and not self.answered
            and self.controls == self.of
            and self.witness == 1
        )


async def campaign(rounds: int, seed: int, seen: Seen) -> Outcome:
    """All of it on the running loop."""
    server = await serve()
    port = server.sockets[0].getsockname()[1]
    exchange = Exchange(AddressGuard(allow=(ALLOWED,), allow_http=True))
    seen.connects.clear()
    seen.listening = True
    urls = [url for address in FORBIDDEN for url in spellings(address, port)]
    outcomes = [await ask(exchange, url) for url in urls]
    fickle = Fickle(seed)
    racing = Exchange(AddressGuard(allow=(ALLOWED,), allow_http=True, resolver=fickle))
    await races(racing, rounds, port)
    forbidden = list(seen.forbidden)
    controls = [f"http://127.64.{n}.{n + 1}:{port}/" for n in range(60)] + [
        f"HTTP://127.64.{n}.7:{port}/x?y={n}" for n in range(60)
    ]
    answered = [await ask(exchange, url) for url in controls].count("answered")
    seen.connects.clear()
    naive = asyncio.open_connection(
        "127.0.0.1", port
    )  # whoever watches must see a forbidden connect
    (await naive)[1].close()
    witness = len(seen.forbidden)
    seen.listening = False
    for used in (exchange, racing):
        await used.aclose()
    server.close()
    return Outcome(
        len(urls),
        fickle.asked,
        forbidden,
        outcomes.count("answered"),
        answered,
        len(controls),
        witness,
    )


def main() -> int:
    """Run on both loops and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="rebinding races")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    seen, found = Seen(), []
    sys.addaudithook(seen.hook)
    for name, factory in (
        ("asyncio", asyncio.SelectorEventLoop),
        ("uvloop", lambda: counting_loop(seen)),
    ):
        with asyncio.Runner(loop_factory=factory) as runner:
            outcome = runner.run(campaign(arguments.rounds, arguments.seed, seen))
        found.append(outcome)
        for row in outcome.forbidden[:10]:
            print(f"  {name}: forbidden connect: {row}")
        print(
            f"  {name}: {outcome.controls} of {outcome.of} allowed addresses answered; a naive connect was seen {outcome.witness} time(s)"
        )
    first = found[0]
    return verdict(
        "ssrf", all(outcome.is_fine for outcome in found), seed=arguments.seed, loops=len(found), spellings=first.spellings,
        ranges=len(FORBIDDEN), races=arguments.rounds, resolved=sum(o.resolved for o in found),
        forbidden=sum(len(o.forbidden) for o in found), answered_by_forbidden=sum(o.answered for o in found),
        controls=sum(o.controls for o in found),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
