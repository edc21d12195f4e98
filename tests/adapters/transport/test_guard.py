"""Addresses and answers that could hurt."""

import asyncio
import gzip
import ipaddress
import zlib

import pytest

from adapters.contract import AdapterError, AdapterUnavailable
from adapters.transport import guard as guard_module
from adapters.transport.documents import decode_text, parse_json, parse_xml
from adapters.transport.guard import AddressGuard, Limits, Origin, decode_body

LIMITS = Limits()


def code_of(call, *arguments):
    with pytest.raises(AdapterError) as caught:
        call(*arguments)
    return caught.value.code


DENIED = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "100.64.0.1",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "not-an-address",
    "2130706433",
    "0x7f.1",
    "127.1",
    "fe80::1%eth0",
]


@pytest.mark.parametrize("address", DENIED)
def test_addresses_that_are_not_global_are_denied(address):
    assert not AddressGuard().permits(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_global_addresses_are_permitted(address):
    assert AddressGuard().permits(address)


def test_a_private_range_is_permitted_only_where_it_is_allowed_by_range():
    guard = AddressGuard(allow=(ipaddress.ip_network("10.20.0.0/16"),))
    assert guard.permits("10.20.3.4")
    assert not guard.permits("10.21.3.4")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https://010.0.0.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://127.1/",
        "https://a%00.example.org/",
        "https://-a.example.org/",
        "https://user@example.org/",
        "https://user:pw@example.org/",
        "https://example.org/#x",
        "https:///path",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: evil",
        "https://example.org\\@evil",
        "https://ex\u3002ample.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "",
    ],
)
def test_doubtful_spellings_of_addresses_are_refused(url):
    assert code_of(AddressGuard().split, url) == "address_forbidden"


def test_an_address_is_split_into_origin_and_target():
    origin, target = AddressGuard(allow_http=True).split("http://Example.org./a/b?c=d")
    assert (origin, target) == (Origin("http", "example.org", 80), "/a/b?c=d")
    assert origin.authority == "example.org"
    assert (
        AddressGuard().split("https://[2606:4700::1111]:8443")[0].authority
        == "[2606:4700::1111]:8443"
    )


def test_ports_can_be_bound_to_a_list():
    guard = AddressGuard(ports=frozenset({443}))
    assert code_of(guard.split, "https://example.org:8443/") == "address_forbidden"
    assert guard.split("https://example.org/")[0].port == 443


@pytest.mark.parametrize(
    ("addresses", "wanted"), [(["8.8.8.8"], "8.8.8.8"), (["8.8.8.8", "10.0.0.1"], None), ([], None)]
)
async def test_every_address_of_a_name_must_pass(addresses, wanted):
    async def resolver(_host, _port):
        return addresses

    guard = AddressGuard(resolver=resolver)
    if wanted:
        assert await guard.pin(Origin("https", "example.org", 443)) == wanted
    else:
        with pytest.raises(AdapterError):
            await guard.pin(Origin("https", "example.org", 443))


async def test_a_name_that_does_not_resolve_is_said_so():
    async def resolver(_host, _port):
        raise OSError

    with pytest.raises(AdapterError) as caught:
        await AddressGuard(resolver=resolver).pin(Origin("https", "example.invalid", 443))
    assert caught.value.code == "name_unresolved"


class TestBodies:
    def test_what_inflates_within_the_ratio_is_bounded_in_size_all_the_same(self):
        packed = gzip.compress(bytes(range(256)) * 40, mtime=0)
        assert (
            code_of(
                decode_body,
                {"content-encoding": "gzip"},
                packed,
                Limits(decoded=10_000, ratio=1000),
            )
            == "compression_refused"
        )
        assert (
            len(
                decode_body(
                    {"content-encoding": "gzip"}, packed, Limits(decoded=11_000, ratio=1000)
                )
            )
            == 10_240
        )

    def test_gzip_within_the_ratio_is_decoded(self):
        body = bytes(range(256)) * 4
        assert (
            decode_body({"content-encoding": "gzip"}, gzip.compress(body, mtime=0), LIMITS) == body
        )

    @pytest.mark.parametrize(
        ("coding", "raw"),
        [
            ("gzip", gzip.compress(b"0" * (3 << 19), mtime=0)),
            ("gzip", gzip.compress(b"x", mtime=0) + b"trailing"),
            ("gzip", gzip.compress(b"x" * 100, mtime=0)[:-4]),
            ("gzip", b"not gzip"),
            ("deflate", zlib.compress(b"x")),
            ("br", b"x"),
            ("gzip, gzip", gzip.compress(b"x", mtime=0)),
        ],
    )
    def test_bombs_and_other_codings_are_refused(self, coding, raw):
        assert (
            code_of(decode_body, {"content-encoding": coding}, raw, LIMITS) == "compression_refused"
        )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "not_parsable"),
        ('{"a": NaN}', "not_parsable"),
        ('{"a": 1, "a": 2}', "duplicate_key"),
        ("[" * 100_000 + "]" * 100_000, "too_complex"),
        ("[" * 40 + "]" * 40, "too_complex"),
        ("[" + ",".join("0" * 1 for _ in range(30_000)) + "]", "too_complex"),
        ('"' + "x" * 70_000 + '"', "too_complex"),
        ('"\\ud800"', "encoding"),
        ('"a\\u0000b"', "encoding"),
        ("1" * 5000, "not_parsable"),
    ],
)
def test_hostile_json_is_refused_with_its_reason(text, code):
    assert code_of(parse_json, text, LIMITS) == code


def test_honest_json_passes():
    assert parse_json('{"名": [1, 2.5, true, null, "值"]}', LIMITS) == {
        "名": [1, 2.5, True, None, "值"]
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<a", "not_parsable"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "not_parsable"),
        ('<!DOCTYPE a SYSTEM "http://evil/"><a/>', "not_parsable"),
        ("<a>" * 60 + "</a>" * 60, "too_complex"),
    ],
)
def test_hostile_xml_is_refused_with_its_reason(text, code):
    assert code_of(parse_xml, text, LIMITS) == code


def test_honest_xml_becomes_nested_values():
    text = '<?xml version="1.0" encoding="GB18030"?><R xmlns="urn:x"><A>一</A><B>1</B><B>2</B><B>3</B><C/></R>'
    assert parse_xml(text, LIMITS) == {"R": {"A": "一", "B": ["1", "2", "3"], "C": ""}}


def test_text_is_decoded_strictly_in_the_agreed_charset():
    assert decode_text("登记".encode("gb18030"), "gb18030") == "登记"
    assert code_of(decode_text, b"\xff\xfe", "utf-8") == "encoding"


@pytest.mark.parametrize(
    ("url", "allow", "ports", "wanted"),
    [
        ("https://8.8.8.8/", (), None, None),
        ("https://8.8.8.8:8443/", (), None, "address_forbidden"),
        ("https://8.8.8.8:8443/", (), frozenset({8443}), None),
        ("https://8.8.8.8/", (), frozenset({8443}), "address_forbidden"),
        ("https://10.1.2.3:8443/", ("10.1.0.0/16",), None, None),
        ("https://10.2.2.3:8443/", ("10.1.0.0/16",), None, "address_forbidden"),
    ],
)
async def test_ports_are_those_named_or_the_usual_ones_outside_allowed_ranges(
    url, allow, ports, wanted
):
    guard = AddressGuard(allow=tuple(ipaddress.ip_network(a) for a in allow), ports=ports)
    named = AddressGuard(allow=guard.allow, ports=ports, own=(url,))
    if "10.2" not in url:
        assert await named.pin(named.split(url)[0]), "what the operator wrote in full has its port"
    try:
        found = await guard.pin(guard.split(url)[0])
    except AdapterError as error:
        assert error.code == wanted
    else:
        assert (wanted, found) == (None, url.split("/")[2].partition(":")[0])


class TestNames:
    """A name server that is slow, away, or hostile."""

    @pytest.fixture
    def resolver(self, monkeypatch):
        monkeypatch.setattr(guard_module, "_PIN_SECONDS", 0.0)
        told = {"answers": [["1.1.1.1"]], "asked": 0, "gate": None}

        async def resolve(_host, _port):
            told["asked"] += 1
            if told["gate"] is not None:
                await told["gate"].wait()
            answer = told["answers"][0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        told["guard"] = AddressGuard(resolver=resolve)
        return told

    async def settled(self):
        for _ in range(5):
            await asyncio.sleep(0)

    async def test_the_last_good_address_serves_while_the_name_is_looked_up_anew(self, resolver):
        guard, origin = resolver["guard"], Origin("https", "example.org", 443)
        assert await guard.pin(origin) == "1.1.1.1"
        resolver["gate"], resolver["answers"] = asyncio.Event(), [["8.8.8.8"]]
        for _ in range(5):
            assert await guard.pin(origin) == "1.1.1.1"
            await self.settled()
        assert resolver["asked"] == 2, "one look-up for all who ask"
        resolver["gate"].set()
        await self.settled()
        assert await guard.pin(origin) == "8.8.8.8"

    async def test_it_serves_on_while_the_name_server_is_away(self, resolver):
        guard, origin = resolver["guard"], Origin("https", "example.org", 443)
        await guard.pin(origin)
        resolver["answers"] = [OSError("no name server")]
        for _ in range(3):
            assert await guard.pin(origin) == "1.1.1.1"
            await self.settled()

    async def test_an_address_that_is_denied_now_ends_it(self, resolver):
        guard, origin = resolver["guard"], Origin("https", "example.org", 443)
        await guard.pin(origin)
        resolver["answers"] = [["127.0.0.1"]]
        await guard.pin(origin)
        await self.settled()
        with pytest.raises(AdapterUnavailable, match="denied"):
            await guard.pin(origin)


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://127.0.0.1:8001", True),
        ("http://127.0.0.2:5432", False),
    ],
)
async def test_neither_the_gateway_nor_its_database_is_a_department(address, fine):
    guard = AddressGuard(
        allow=(ipaddress.ip_network("127.0.0.0/8"),),
        allow_http=True,
        here=8000,
        denied=frozenset({("127.0.0.2", 5432)}),
    )
    origin, _ = guard.split(address)
    if fine:
        assert await guard.pin(origin)
        return
    with pytest.raises(AdapterUnavailable, match="no department"):
        await guard.pin(origin)
    with pytest.raises(AdapterUnavailable, match="no department"):
        guard.check(address)
