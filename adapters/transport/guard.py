"""What may be called, and what an answer may cost: addresses, sizes, compression ratio,
structure.
"""

import asyncio
import functools
import ipaddress
import re
import socket
import zlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from adapters.contract.errors import AdapterMalformed, AdapterUnavailable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[list[str]]]

_DENIED = tuple(
    ipaddress.ip_network(n)
    for n in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "fec0::/10",
        "::ffff:0:0/96",
        "::/96",
    )
)
_GZIP_WINDOW = 31
_IPV6 = 6
_INFLATE_STEP, _SMALL = 64 << 10, 1 << 20
_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of one answer, in bytes and counts."""

    wire: int = 1 << 20
    decoded: int = 4 << 20
    ratio: int = 20
    headers: int = 64
    header_bytes: int = 16 << 10
    depth: int = 32
    nodes: int = 20_000
    string: int = 64 << 10
    process: int = 16 << 20
    """What all answers under way together may hold: while one is put together and read it takes up
    to twice its bytes.

    Small ones are taken in beyond this. Inflated bytes are charged to nobody: two answers at most
    are being inflated at once.
    """
    ceiling: int = 64 << 20
    """What nothing is taken in beyond."""

    @property
    def most_bytes(self) -> int:
        """What one answer may bring, head and body."""
        return self.wire + self.header_bytes


class ByteBudget:
    """Bytes of answers that the process holds now, and how many it may."""

    __slots__ = ("most", "used")

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an exchange goes; `host` is what TLS and the Host header name."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The Host header's value."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


_RESOLVERS = ThreadPoolExecutor(4, thread_name_prefix="resolve")
_PIN_SECONDS = 30.0
_LAST_GOOD_SECONDS = 3600.0
"""How long the last good address serves while its name cannot be resolved."""


async def resolve_by_system(host: str, port: int) -> list[str]:
    """All addresses the system's resolver gives for a name; on threads of its own, so that a slow
    name starves nobody else.
    """
    look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    infos = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, look_up)
    return [str(info[4][0]) for info in infos]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class AddressGuard:
    """Decides which URLs may be called and pins the address; denies everything not global unless a
    range is allowed.

    Departments do sit on private ranges: a deployment allows them by range, never by "private is
    fine".
    """

    def __init__(
        self,
        *,
        allow: tuple[IPNetwork, ...] = (),
        allow_http: bool = False,
        ports: frozenset[int] | None = None,
        own: tuple[str, ...] = (),
        here: int = 0,
        denied: frozenset[tuple[str, int]] = frozenset(),
        resolver: Resolver = resolve_by_system,
    ) -> None:
        self.allow = allow
        self.allow_http = allow_http
        self._ports = ports
        self._own = {
            (parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme))
            for parts in map(urlsplit, own)
        }
        """Hosts and ports that the operator named in full: no list of ports is asked about them."""
        self._here, self._denied = here, denied
        """The port on which this machine's addresses are the gateway itself; addresses and ports
        that are nobody's department, such as the database's.
        """
        self._resolver = resolver
        self._pins: dict[Origin, tuple[float, asyncio.Future[str]]] = {}
        self._renewing: dict[Origin, asyncio.Future[str]] = {}
        """One look-up for each name, whoever asks."""

    def split(self, url: str) -> tuple[Origin, str]:
        """Origin and request target of a URL. Raises `AdapterUnavailable("address_forbidden")` for
        any doubtful spelling.
        """
        if not url.isascii() or any(c <= " " or c in "\\\x7f" for c in url):
            raise AdapterUnavailable(
                "address_forbidden", "the address has characters that are not allowed"
            )
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise AdapterUnavailable("address_forbidden", "the address is malformed") from error
        if parts.scheme != "https" and not (parts.scheme == "http" and self.allow_http):
            raise AdapterUnavailable(
                "address_forbidden", f"scheme {parts.scheme or 'none'} is not allowed; use https"
            )
        if (
            parts.username is not None
            or parts.password is not None
            or parts.fragment
            or not parts.hostname
        ):
            raise AdapterUnavailable(
                "address_forbidden", "no user info, no fragment, and a host name are required"
            )
        origin = Origin(
            parts.scheme, parts.hostname.rstrip("."), port or _DEFAULT_PORTS[parts.scheme]
        )
        if not _is_address(origin.host) and (
            not _NAME.fullmatch(origin.host) or _NUMBER.fullmatch(origin.host.rpartition(".")[2])
        ):
            # A name that ends in a number is somebody's other spelling of an address: 010.0.0.1 is
            # 8.0.0.1 to a resolver.
            raise AdapterUnavailable(
                "address_forbidden",
                "the host is neither a name nor an address in its usual writing",
            )
        if (
            self._ports is not None
            and origin.port not in self._ports
            and (origin.host, origin.port) not in self._own
        ):
            raise AdapterUnavailable(
                "address_forbidden", f"port {origin.port} is not on the allow-list"
            )
        return origin, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def check(self, url: str) -> None:
        """Refuse what can be known of a URL without looking its name up: its spelling, and an
        address that may not be called. Raises `AdapterUnavailable("address_forbidden")`.
        """
        origin, _ = self.split(url)
        if _is_address(origin.host):
            self._checked(origin, [origin.host])

    async def pin(self, origin: Origin) -> str:
        """The address to connect to. Every address of the name must pass, else none is used; looked
        up once in 30 seconds. While it is looked up anew, the last good one serves: a name server
        that is slow or away takes no department away.
        """
        if _is_address(origin.host):
            return self._checked(origin, [origin.host])
        loop = asyncio.get_running_loop()
        known = self._pins.get(origin)
        if known is None or known[1].get_loop() is not loop:
            known = (loop.time() + _PIN_SECONDS, loop.create_task(self._resolve(origin)))
            self._pins[origin] = known
            known[1].add_done_callback(lambda done: self._forget_failure(origin, done))
        elif known[0] < loop.time() and known[1].done() and origin not in self._renewing:
            renewing = loop.create_task(self._resolve(origin))
            self._renewing[origin] = renewing
            renewing.add_done_callback(lambda done: self._renewed(origin, done))
        return await asyncio.shield(known[1])

    def _renewed(self, origin: Origin, done: "asyncio.Future[str]") -> None:
        """A new address takes the old one's place. Where none could be had the old one serves on
        for a while; one that is denied now ends it.
        """
        self._renewing.pop(origin, None)
        known = self._pins.get(origin)
        if done.cancelled() or known is None:
            return
        now, error = done.get_loop().time(), done.exception()
        if error is None:
            self._pins[origin] = (now + _PIN_SECONDS, done)
            return
        is_away = isinstance(error, AdapterUnavailable) and error.code == "name_unresolved"
        if not is_away or now - known[0] >= _LAST_GOOD_SECONDS:
            self._pins.pop(origin, None)

    def forget(self) -> None:
        """Look every name up again before the next connection."""
        self._pins.clear()

    def _forget_failure(self, origin: Origin, done: "asyncio.Future[str]") -> None:
        if done.cancelled() or done.exception() is not None:
            self._pins.pop(origin, None)

    async def _resolve(self, origin: Origin) -> str:
        try:
            found = await self._resolver(origin.host, origin.port)
        except (OSError, UnicodeError) as error:
            raise AdapterUnavailable("name_unresolved", origin.host) from error
        return self._checked(origin, found)

    def _checked(self, origin: Origin, found: list[str]) -> str:
        if not found:
            raise AdapterUnavailable("name_unresolved", origin.host)
        for text in found:
            if not self.permits(text):
                raise AdapterUnavailable(
                    "address_forbidden", f"{origin.host} resolves to an address that is denied"
                )
            if (text, origin.port) in self._denied or (origin.port == self._here and is_here(text)):
                raise AdapterUnavailable(
                    "address_forbidden", f"{origin.host}:{origin.port} is no department's"
                )
            usual = (
                origin.port in _DEFAULT_PORTS.values() or (origin.host, origin.port) in self._own
            )
            if self._ports is None and not usual and not self._is_allowed(text):
                raise AdapterUnavailable(
                    "address_forbidden", f"port {origin.port} is not on the allow-list"
                )
        return found[0]

    def _is_allowed(self, text: str) -> bool:
        """Whether the operator named the network of an address."""
        address = ipaddress.ip_address(text)
        return any(
            address.version == network.version and address in network for network in self.allow
        )

    def permits(self, text: str) -> bool:
        """Whether one address may be connected to."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if self._is_allowed(text):
            return True
        if not address.is_global or address.is_multicast:
            return False
        return not any(
            address.version == network.version and address in network for network in _DENIED
        )


@functools.lru_cache(maxsize=1024)
def is_here(text: str) -> bool:
    """Whether an address is this machine's: whatever may be listened on."""
    address = ipaddress.ip_address(text)
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET6 if address.version == _IPV6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((text, 0))
    except OSError:
        return False
    return True


def decode_body(headers: Mapping[str, str], raw: bytes, limits: Limits) -> bytes:
    """Undo gzip within the ratio and size bounds, step by step; any other coding is refused."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return raw
    if coding != "gzip":
        raise AdapterMalformed("compression_refused", f"content coding {coding[:20]!r}")
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    pieces, size, waiting = [], 0, raw
    try:
        while waiting and not inflater.eof:
            piece = inflater.decompress(waiting, _INFLATE_STEP)
            waiting = inflater.unconsumed_tail
            size += len(piece)
            pieces.append(piece)
            # Honest answers repeat themselves: below a mebibyte no ratio makes a bomb.
            if size > limits.decoded or size > max(
                (len(raw) - len(waiting)) * limits.ratio, _SMALL
            ):
                raise AdapterMalformed(
                    "compression_refused", "inflates beyond the allowed ratio or size"
                )
    except zlib.error as error:
        raise AdapterMalformed("compression_refused", "not gzip") from error
    if inflater.unused_data or not inflater.eof:
        raise AdapterMalformed("compression_refused", "cut short, or bytes after its end")
    return b"".join(pieces)
