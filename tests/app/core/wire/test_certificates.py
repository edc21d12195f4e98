"""A renewed certificate is used; one without its key leaves the pair that is in use."""

import ssl

import pytest

from adapters.fakes.tls import HOST, Authority
from app.core.wire.certificates import renew


def shown(context, authority):
    """The certificate that a client sees, after a whole handshake in memory."""
    trust = ssl.create_default_context(cafile=authority.ca_file)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(to_client, to_server, server_hostname=HOST)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client.getpeercert(binary_form=True)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def test_what_is_in_the_files_is_used(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    first, second = (authority.certificate(name) for name in ("first", "second"))
    assert renew(context, first, first)
    before = shown(context, authority)
    assert renew(context, second, second)
    assert shown(context, authority) != before


def test_a_pair_that_does_not_fit_leaves_the_one_in_use(authority, tmp_path, caplog):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    first, second = (authority.certificate(name) for name in ("first", "second"))
    renew(context, first, first)
    before = shown(context, authority)
    empty = tmp_path / "empty.pem"
    empty.touch()
    for key in (first, empty, tmp_path / "nowhere.pem"):
        assert not renew(context, second, key)
    assert shown(context, authority) == before
