"""Whom the gateway trusts among departments, and what it shows them."""

import ssl


def tls_context(
    ca_file: str | None = None, certificate: tuple[str, str] | None = None
) -> ssl.SSLContext:
    """TLS 1.2 or newer, verified; `certificate` (chain file, key file) is shown to departments that
    demand one (mTLS).
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context
