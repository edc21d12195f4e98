"""What is wrong with a head that the parser lets pass."""

import pytest

from app.core.wire.head import Bounds, fault_of, origin_form, start_line_fault

HOST = (b"host", b"gateway:8000")


def code(method=b"GET", version="1.1", target=b"/livez", headers=(HOST,)):
    found = fault_of(method, version, target, headers, Bounds())
    return found and found.code


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, None),
        ({"version": "1.0", "headers": ()}, None),
        ({"headers": ()}, "request.bad_request"),
        ({"headers": (HOST, HOST)}, "request.bad_request"),
        ({"headers": ((b"host", b"a b"),)}, "request.bad_request"),
        ({"headers": ((b"host", b"a/b"),)}, "request.bad_request"),
        ({"headers": ((b"host", b"user@a"),)}, "request.bad_request"),
        ({"headers": ((b"host", b"[::1]:8000"),)}, None),
        ({"headers": ((b"host", b""),)}, None),
        ({"headers": ((b"host", b"a:123456"),)}, "request.bad_request"),
        ({"target": b"/" + b"a" * 8191}, None),
        ({"target": b"/" + b"a" * 8192}, "request.target_too_long"),
        ({"target": b"/a#b"}, "request.bad_request"),
        ({"target": b"*"}, "request.bad_request"),
        ({"target": b"*", "method": b"OPTIONS"}, None),
        ({"target": b"a:1", "method": b"CONNECT"}, "request.bad_request"),
        ({"version": "2.0"}, "request.version_unknown"),
        ({"version": "0.9", "headers": ()}, "request.version_unknown"),
        ({"headers": (HOST, (b"transfer-encoding", b"Chunked"))}, None),
        ({"headers": (HOST, (b"transfer-encoding", b"gzip, chunked"))}, "request.coding_unknown"),
        (
            {"version": "1.0", "headers": (HOST, (b"transfer-encoding", b"chunked"))},
            "request.bad_request",
        ),
    ],
)
def test_a_head_is_judged_by_what_the_standard_calls_invalid(given, wanted):
    assert code(**given) == wanted


@pytest.mark.parametrize(
    ("data", "fine"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"\r\n\r\nGET / HTTP/1.1\r\n", True),
        (b"GET  / HTTP/1.1\r\n", False),
        (b"GET /  HTTP/1.1\r\n", False),
        (b"GET /a b HTTP/1.1\r\n", False),
        (b"GET /\r\n", False),
        (b"GET / HT", True),
        (b"\r\n", True),
    ],
)
def test_a_first_line_has_one_blank_on_either_side_of_its_target(data, fine):
    assert (start_line_fault(data) is None) is fine


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a?b", b"/a?b"),
        (b"http://x/a?b", b"/a?b"),
        (b"http://x", b"/"),
        (b"http://x?b", b"/?b"),
        (b"*", b"/*"),
    ],
)
def test_every_form_of_a_target_is_a_path(target, path):
    assert origin_form(target) == path
