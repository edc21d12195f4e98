"""Places for connections: a peer that opens many cannot take everybody's."""

from ipaddress import ip_network

from app.core.wire.port import NEVER, Port


class Wire:
    is_known = False
    due = write_due = NEVER
    peer = ""
    since = 0.0
    subject = ""
    is_served = is_ending = False

    def __init__(self):
        self.ended = ""

    def abort(self):
        self.ended = "aborted"

    def expire(self):
        self.ended = "expired"

    def lag(self):
        self.ended = "lagged"


def opened(port, count, address="198.51.100.1"):
    wires = [Wire() for _ in range(count)]
    return wires, [port.admit(wire, address) for wire in wires]


def test_a_peer_has_so_many_places_and_others_have_theirs():
    port = Port(unknown_per_peer=3)
    _, taken = opened(port, 4)
    assert taken == [True, True, True, False]
    assert opened(port, 1, "198.51.100.2")[1] == [True]
    assert port.refused == {"server.busy": 1}


def test_whoever_showed_a_token_is_not_counted():
    port = Port(unknown_per_peer=3)
    wires, _ = opened(port, 3)
    port.knows(wires[0], "wang")
    assert opened(port, 2)[1] == [True, False]
    port.leave(wires[0])
    port.leave(wires[1])
    assert opened(port, 1)[1] == [True]
    assert port.unknown == 3


def test_a_newcomer_takes_the_place_of_the_one_that_was_silent_longest():
    port = Port(unknown_per_peer=3)
    wires, _ = opened(port, 3)
    port.look(2.0)
    assert opened(port, 1)[1] == [True]
    assert [w.ended for w in wires] == ["aborted", "", ""]


def test_all_strangers_together_have_a_bound_too():
    port = Port(unknown=4)
    for number in range(4):
        assert opened(port, 1, f"198.51.100.{number}")[1] == [True]
    assert opened(port, 1, "198.51.100.9")[1] == [False]
    port.look(2.0)
    assert opened(port, 1, "198.51.100.9")[1] == [True]


def test_in_total_there_are_no_more_than_so_many():
    port = Port(most=3)
    wires, _ = opened(port, 3)
    for wire in wires:
        port.knows(wire, wire.subject or str(id(wire)))
    port.look(2.0)
    assert opened(port, 1)[1] == [False]
    assert len(port) == 3


def test_a_trusted_proxy_speaks_for_many():
    port = Port(unknown_per_peer=2, proxies=(ip_network("10.0.0.0/8"),))
    assert all(opened(port, 5, "10.1.1.1")[1])
    assert port.unknown == 0


def test_whoever_is_late_is_ended():
    port = Port()
    (late, slow, fine), _ = opened(port, 3)
    late.due, slow.write_due, fine.due = 5.0, 5.0, 50.0
    port.look(6.0)
    assert [late.ended, slow.ended, fine.ended] == ["expired", "lagged", ""]


def test_a_refusal_is_told_with_the_peer():
    told = []
    port = Port(unknown_per_peer=1)
    port.on_refusal = lambda peer, code: told.append((peer, code))
    opened(port, 2, "2001:db8::1")
    assert told == [("2001:db8::/64", "server.busy")]


def test_one_caller_has_so_many_connections_as_one_peer():
    port = Port(unknown_per_peer=3)
    for number in range(6):
        (wire,), taken = opened(port, 1, f"198.51.100.{number}")
        port.knows(wire, "wang")
        assert taken == [True]
        assert wire.is_known is (number < 3)
    assert port.unknown == 3


def test_whoever_is_being_answered_is_not_sent_away():
    port = Port(unknown_per_peer=2)
    (served, silent), _ = opened(port, 2)
    served.is_served = True
    port.look(2.0)
    assert opened(port, 1)[1] == [True]
    assert (served.ended, silent.ended) == ("", "aborted")


def test_what_was_closed_and_waits_for_its_reader_is_ended_too():
    port = Port()
    (wire,), _ = opened(port, 1)
    wire.is_ending = True
    port.look(1.0)
    assert wire.due < NEVER
    port.look(60.0)
    assert wire.ended == "expired"


def test_one_that_cannot_be_ended_keeps_nobody_else(caplog):
    port = Port()
    (odd, late), _ = opened(port, 2)
    odd.due = late.due = 1.0

    def fail():
        raise OSError

    odd.expire = fail
    port.look(2.0)
    assert (odd.ended, late.ended) == ("aborted", "expired")
