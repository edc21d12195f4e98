"""Who is behind a proxy, and who only says so."""

from ipaddress import ip_network

import pytest

from app.core.wire.proxies import client_of, network_of

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def client(peer, *headers):
    return client_of(peer, [(n.encode(), v.encode()) for n, v in headers], TRUSTED)


@pytest.mark.parametrize(
    ("peer", "headers", "wanted"),
    [
        ("203.0.113.9", [("x-forwarded-for", "198.51.100.1")], "203.0.113.9"),
        ("203.0.113.9", [("forwarded", "for=198.51.100.1")], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
        # what stands further left may be invented by the client
        ("10.0.0.1", [("x-forwarded-for", "127.0.0.1, 198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", [("x-forwarded-for", "198.51.100.1, 10.0.0.7")], "198.51.100.1"),
        ("10.0.0.1", [("x-forwarded-for", "10.0.0.9, 10.0.0.7")], "10.0.0.1"),
        ("10.0.0.1", [("x-forwarded-for", "198.51.100.1:4711")], "198.51.100.1"),
        ("10.0.0.1", [("forwarded", 'for="[2001:db8::7]:4711";proto=https')], "2001:db8::7"),
        ("10.0.0.1", [("forwarded", "proto=https;For=198.51.100.2")], "198.51.100.2"),
        ("10.0.0.1", [("forwarded", "for=unknown")], "10.0.0.1"),
        # a proxy that writes only one of them passes the client's other one on
        (
            "10.0.0.1",
            [("forwarded", "for=203.0.113.7"), ("x-forwarded-for", "198.51.100.1")],
            "10.0.0.1",
        ),
        (
            "10.0.0.1",
            [("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "198.51.100.1")],
            "198.51.100.1",
        ),
        ("10.0.0.1", [("forwarded", "for=_hidden, for=10.0.0.3")], "10.0.0.1"),
        ("fd00::1", [("x-forwarded-for", "2001:db8::7")], "2001:db8::7"),
        ("::ffff:10.0.0.1", [("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
        (
            "10.0.0.1",
            [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "198.51.100.2")],
            "198.51.100.2",
        ),
    ],
)
def test_a_chain_is_believed_as_far_as_proxies_are_trusted(peer, headers, wanted):
    assert client(peer, *headers) == wanted


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8::7", "2001:db8::/64"),
        ("2001:db8::ffff", "2001:db8::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("", ""),
    ],
)
def test_one_host_of_ipv6_has_a_whole_network(address, wanted):
    assert network_of(address) == wanted
