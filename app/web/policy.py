"""What a browser may do in a page, per path (CSP3, Trusted Types, Permissions Policy). Pure."""

_PAGE = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'{connect}",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors {ancestors}",
    "require-trusted-types-for 'script'",
    "trusted-types onevisit default vue",
)
_SCANNER = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""The scanner's worker alone compiles WebAssembly; the page itself cannot."""
_READER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The reading page of the interface's description is a library's: its styles are written inline."""
_NOTHING = "default-src 'none'; frame-ancestors 'none'"

SCANNER, READER, PAGE = "scanner", "reader", "page"


def headers_for(
    kind: str, *, issuer: str | None = None, ancestors: tuple[str, ...] = ()
) -> dict[str, str]:
    """Headers of a built file: `kind` is PAGE, READER, SCANNER (the worker that reads codes) or
    anything else, which runs nothing.

    `issuer` is the origin at which the page may take tokens; `ancestors` are the origins in whose
    frames it may stand.
    """
    policies = {
        PAGE: "; ".join(_PAGE).format(
            connect=f" {issuer}" if issuer else "", ancestors=" ".join(ancestors) or "'none'"
        ),
        READER: _READER,
        SCANNER: _SCANNER,
    }
    return {
        "Content-Security-Policy": policies.get(kind, _NOTHING),
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
