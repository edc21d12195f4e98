"""Who is behind a connection: the peer, or, where the peer is a proxy that is trusted, the client
that it names (RFC 7239, `X-Forwarded-For`). Pure.

Anybody can write such a header, so it is read from the nearest proxy backwards, and only as far as
proxies are trusted.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Networks = tuple[IPv4Network | IPv6Network, ...]

_FOR = re.compile(r'(?i)(?:^|;)\s*for\s*=\s*"?\[?([^"\];,\s]+)')
_MOST_HOPS = 16


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Whom an address counts for: itself in IPv4, its /64 in IPv6, where one host has them all."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ip_network((ip, 64), strict=False))


@lru_cache(maxsize=4096)
def is_within(address: str, networks: Networks) -> bool:
    """Whether an address lies in one of the networks."""
    if not networks:
        return False
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in networks)


def is_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request says that it came through a proxy."""
    return any(name in {b"forwarded", b"x-forwarded-for"} for name, _ in headers)


def client_of(peer: str, headers: Sequence[tuple[bytes, bytes]], trusted: Networks) -> str:
    """The address of the client: the last one in the chain that no trusted proxy vouches for. Where
    both headers are there and do not agree, one of them is the client's own: the peer counts.
    """
    if not is_within(peer, trusted):
        return peer
    told = {_first_stranger(hops, peer, trusted) for hops in _chains(headers)}
    return told.pop() if len(told) == 1 else peer


def _first_stranger(hops: list[str], peer: str, trusted: Networks) -> str:
    for hop in reversed(hops):
        address = _plain(hop)
        if address is None:
            return peer  # a name or a hidden one: nothing to count by but the proxy
        if not is_within(address, trusted):
            return address
    return peer


def _chains(headers: Sequence[tuple[bytes, bytes]]) -> list[list[str]]:
    """The chains as told, nearest last: of `Forwarded`, of `X-Forwarded-For`."""
    told = {b"forwarded": "", b"x-forwarded-for": ""}
    for name, value in headers:
        if name in told:
            told[name] += ("," if told[name] else "") + value.decode("latin-1")
    chains = []
    if told[b"forwarded"]:
        parts = told[b"forwarded"].split(",")
        chains.append([found[1] if (found := _FOR.search(part)) else "" for part in parts])
    if told[b"x-forwarded-for"]:
        chains.append([p.strip() for p in told[b"x-forwarded-for"].split(",") if p.strip()])
    return [hops[-_MOST_HOPS:] for hops in chains]


def _plain(hop: str) -> str | None:
    """An address without port and brackets; None for what is none."""
    for text in (hop, hop.rpartition(":")[0], hop.strip("[]").partition("]")[0]):
        try:
            return str(ip_address(text.strip("[]")))
        except ValueError:
            continue
    return None
