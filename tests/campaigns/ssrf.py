"""No request to a forbidden address, ever: spellings × deny ranges, and names that change their mind; seen by a socket audit hook.

Runs on the plain asyncio loop, whose connects the hook sees. The positive control connects over a hundred times to addresses that are
allowed, spelled in as many ways, so that the campaign cannot pass by refusing everything.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import random
import sys
from dataclasses import dataclass, field

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


@dataclass
class Seen:
    """Connects that the hook saw, while it listens."""

    listening: bool = False
    connects: list[tuple[str, int]] = field(default_factory=list)

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.listening and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.connects.append((str(arguments[1][0]), int(arguments[1][1])))

    @property
    def forbidden(self) -> list[tuple[str, int]]:
        return [c for c in self.connects if ipaddress.ip_address(c[0].partition("%")[0]) not in ALLOWED]


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
            hosts += [f"[::ffff:{int(parsed.ipv4_mapped) >> 16:x}:{int(parsed.ipv4_mapped) & 0xFFFF:x}]"]
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
    return [*urls, f"gopher://{hosts[0]}:{port}/", f"file://{hosts[0]}/etc/passwd", f"http://{hosts[0]}:{port}\\x/"]


async def ask(exchange: Exchange, url: str) -> str:
    """What became of a question: `answered` or its reason."""
    try:
        await exchange.send("GET", url, headers={}, deadline=asyncio.get_running_loop().time() + 0.4)
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
        return self._random.choice([[allowed], [forbidden], [allowed, forbidden], [forbidden, allowed], [forbidden, forbidden]])


async def races(exchange: Exchange, rounds: int, port: int) -> None:
    """Names are asked several times at once; connections are cut in between so that they must be made anew."""
    for start in range(0, rounds, 20):
        names = [f"http://department-{n}.example.org:{port}/" for n in range(start, min(start + 20, rounds))]
        async with asyncio.TaskGroup() as group:
            for name in names:
                for _ in range(3):
                    group.create_task(ask(exchange, name))
        exchange.guard.forget()


async def serve() -> asyncio.Server:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    return await asyncio.start_server(handle, "0.0.0.0", 0)


async def campaign(rounds: int, seed: int, seen: Seen) -> int:
    """All of it; the exit status."""
    server = await serve()
    port = server.sockets[0].getsockname()[1]
    guard = AddressGuard(allow=(ALLOWED,), allow_http=True)
    exchange = Exchange(guard)
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
    naive = asyncio.open_connection("127.0.0.1", port)  # the hook itself must see a forbidden connect
    (await naive)[1].close()
    hook_sees = len(seen.forbidden)
    seen.listening = False
    for used in (exchange, racing):
        await used.aclose()
    server.close()
    for row in forbidden[:10]:
        print(f"  forbidden connect: {row}")
    print(f"  control: {answered} of {len(controls)} allowed addresses answered; a naive connect was seen {hook_sees} time(s)")
    fine = not forbidden and "answered" not in outcomes and answered == len(controls) and hook_sees == 1
    return verdict(
        "ssrf", fine, seed=seed, spellings=len(urls), ranges=len(FORBIDDEN), races=rounds, resolved=fickle.asked, forbidden=len(forbidden),
        answered_by_forbidden=outcomes.count("answered"), controls=answered,
    )  # fmt: skip


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="rebinding races")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    seen = Seen()
    sys.addaudithook(seen.hook)
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(campaign(arguments.rounds, arguments.seed, seen))


if __name__ == "__main__":
    sys.exit(main())
